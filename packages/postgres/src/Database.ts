/** The connection to a PostgreSQL server. */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Redacted, Result } from "effect"
import type { SqlClient } from "effect/sql"
import { DatabaseError, databaseError } from "./DatabaseError.ts"
import * as DatabaseUrl from "./DatabaseUrl.ts"

/** Where the server is, and how its connections are used. */
export interface Options {
  /**
   * `postgres://user:password@host:port/database`. With `?sslmode=require`, or stricter, the connection is encrypted and the
   * server's certificate verified, its host name too. Node.js decides whom to trust: `NODE_EXTRA_CA_CERTS` names more
   * authorities, or `ssl` here.
   */
  readonly url: Redacted.Redacted<string>
  /** Node's options for TLS, such as `ca`; `true` for none. Default: as `sslmode` in the URL says. */
  readonly ssl?: PgClient.PgClientConfig["ssl"]
  /** Default: 10. Up to four statements wait for locks, each on a connection of its own: have more than that. */
  readonly maxConnections?: number | undefined
  /** How long to try to connect. Default: as `connect_timeout` in the URL says, in seconds; else 5 seconds. */
  readonly connectTimeout?: Duration.Input | undefined
  /**
   * Whether a pooler in transaction mode, such as PgBouncer, stands before the server: most take no settings at the start
   * of a connection, and many do not keep prepared statements. Then the two below have other defaults. Default: false.
   */
  readonly pooled?: boolean | undefined
  /**
   * How long PostgreSQL may work on one statement before it gives up, told at the start of each connection.
   * Default: 10 seconds; through a pooler `none`: set `statement_timeout` for the database user there.
   */
  readonly statementTimeout?: Duration.Input | "none" | undefined
  /** Whether statements are prepared. Default: true; through a pooler false. */
  readonly prepare?: boolean | undefined
}

/** A pool whose statements share connections, so that few connections carry many. Fails at once if it cannot connect. */
export const layer = (options: Options): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(Effect.suspend(() => {
    const { pooled = false } = options
    const { prepare = !pooled, statementTimeout = pooled ? "none" : "10 seconds" } = options
    const url = DatabaseUrl.read(Redacted.value(options.url))
    if (Result.isFailure(url)) {
      return Effect.fail(
        new DatabaseError({ operation: "connect", reason: "Unavailable", message: url.failure, cause: undefined })
      )
    }
    const connect = PgClient.make({
      url: options.url,
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      applicationName: "sojourn",
      multiplex: true,
      // Statements on one connection commit one after the other; those on several share the waiting for the disk.
      multiplexConcurrency: 16,
      maxConnections: options.maxConnections ?? 10,
      connectTimeout: options.connectTimeout,
      prepare,
      startupParameters: {
        // A database or a user may have another default, under which the limit cannot be held.
        ...(pooled ? {} : { default_transaction_isolation: "read committed" }),
        ...(statementTimeout === "none"
          ? {}
          : { statement_timeout: String(Duration.toMillis(Duration.fromInputUnsafe(statementTimeout))) })
      },
      ...DatabaseUrl.place(url.success)
    })
    // The pool connects when it is used: use it once, so that a wrong URL is told at the start.
    return Effect.succeed(PgClient.layerFrom(Effect.tap(connect, (sql) => sql`SELECT 1`)))
  })).pipe(Layer.catch((cause) => Layer.effectContext(Effect.fail(databaseError("connect")(cause)))))

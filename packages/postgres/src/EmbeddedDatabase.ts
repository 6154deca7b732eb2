/** PostgreSQL inside the process (PGlite): no server at all, in memory or in a directory. */
import { PgClient } from "@effect/sql-pg"
import { PGlite } from "@electric-sql/pglite"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { DatabaseError, databaseError } from "./DatabaseError.ts"
import { lockDirectory } from "./DirectoryLock.ts"
import { opening } from "./FirstOpening.ts"
import { wire } from "./PgliteWire.ts"
import { warnOfOthers } from "./PrivateDirectory.ts"

/** Where the embedded database keeps its files. */
export interface Options {
  /**
   * Where the data is kept. A new or empty directory becomes its owner's alone; of one with a database, or of another user's, the
   * permissions stay, with a warning if others have some. Default: in memory, gone with the Layer.
   */
  readonly dataDir?: string | undefined
}

const open = (dataDir: string | undefined) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => dataDir === undefined ? PGlite.create() : PGlite.create(dataDir),
      catch: (cause) =>
        new DatabaseError({
          operation: "open",
          reason: "Failed",
          message: dataDir === undefined
            ? "The embedded database did not start"
            : `The embedded database in ${dataDir} cannot be opened: its files are damaged or not a database; ` +
              "restore them from a backup, or name another directory",
          cause
        })
    }),
    (db) => Effect.ignoreCause(Effect.promise(() => db.close()))
  )

const openDirectory = Effect.fnUntraced(function*(dataDir: string) {
  yield* lockDirectory(dataDir)
  const db = yield* opening(dataDir, open(dataDir))
  yield* warnOfOthers(dataDir)
  return db
})

/**
 * The same driver, SQL and migrations as with a server, on one connection: transactions queue for it. A directory
 * belongs to one process at a time; a second one fails with `DatabaseError` instead of damaging it.
 */
export const layer = (options: Options = {}): Layer.Layer<PgClient.PgClient | SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(Effect.gen(function*() {
    const { dataDir } = options
    const db = yield* dataDir === undefined ? open(dataDir) : openDirectory(dataDir)
    return PgClient.layer({
      stream: () => wire(db),
      ssl: false,
      username: "postgres",
      database: "postgres",
      host: "embedded",
      maxConnections: 1,
      minConnections: 1
    })
  })).pipe(Layer.catch((cause) => Layer.effectContext(Effect.fail(databaseError("open")(cause)))))

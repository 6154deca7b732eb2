/** Sojourn's stores on a database of the test file's own. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import {
  type Candidate,
  SecretHash,
  Session,
  SessionId,
  SessionRepo,
  type SessionRules,
  Tier,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import {
  CredentialRepoPostgres,
  Database,
  EventLogPostgres,
  Migrations,
  RelayRepoPostgres,
  SessionRepoPostgres,
  UserRepoPostgres
} from "@sojourn/postgres"
import type { Outcome } from "@sojourn/postgres/Admit"
import { DateTime, Deferred, Effect, Fiber, Layer, Result, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { freshDatabase } from "../../testing/test/servers.ts"

export const stores = (options?: SessionRepoPostgres.Options) =>
  Layer.mergeAll(
    SessionRepoPostgres.layer(options),
    CredentialRepoPostgres.layer,
    UserRepoPostgres.layer,
    EventLogPostgres.layer,
    RelayRepoPostgres.layer,
    NodeCrypto.layer
  )

/** A migrated database, dropped with the Layer, and everything over it. */
export const postgres = (options: SessionRepoPostgres.Options & Migrations.Options = {}) =>
  stores(options).pipe(
    Layer.provideMerge(Migrations.layer(options)),
    Layer.provideMerge(Layer.unwrap(Effect.map(freshDatabase, (url) => Database.layer({ url }))))
  )

/** Puts a user of this tier. */
export const putUser = (name: string, tier = "basic") => {
  const user = User.make({ id: UserId.make(name), tier: Tier.make(tier) })
  return Effect.as(UserRepo.use((users) => users.put(user)), user.id)
}

/** A candidate that was just made. */
export const candidateOf = Effect.fnUntraced(function*(
  userId: UserId,
  fields: Partial<Parameters<typeof Session.make>[0]> = {}
) {
  const random = yield* SecureRandom.SecureRandom
  const now = yield* DateTime.now
  const session = Session.make({
    id: SessionId.make(yield* random.uuidV7()),
    userId,
    createdAt: now,
    lastActivityAt: now,
    expiresAt: DateTime.add(now, { days: 30 }),
    ...fields
  })
  const candidate: Candidate = { session, secretHash: SecretHash.make("ab".repeat(32)) }
  return candidate
})

/** What comes of a login that ends nothing else. */
export const admitted: Outcome = Result.succeed({ evicted: [], expired: [], events: [], bornEnded: false })

/** Logs in, by the repository alone. */
export const admit = (userId: UserId, rules: SessionRules, fields?: Partial<Parameters<typeof Session.make>[0]>) =>
  Effect.flatMap(
    candidateOf(userId, fields),
    (candidate) =>
      SessionRepo.use((repo) => Effect.map(repo.admit(candidate, rules), (admission) => ({ ...admission, candidate })))
  )

/** Holds a transaction open after the effect; gives what commits it. */
export const held = Effect.fnUntraced(function*<E, R>(effect: Effect.Effect<unknown, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const done = yield* Deferred.make<void>()
  const go = yield* Deferred.make<void>()
  const fiber = yield* Effect.forkChild(sql.withTransaction(
    effect.pipe(Effect.andThen(Deferred.succeed(done, undefined)), Effect.andThen(Deferred.await(go)))
  ))
  // Whoever fails before would else be awaited for good.
  yield* Effect.raceFirst(Deferred.await(done), Fiber.join(fiber))
  return Effect.andThen(Deferred.succeed(go, undefined), Fiber.join(fiber))
})

/** Another transaction that holds the user's lock; gives what ends it. */
export const holdLock = (userId: UserId) =>
  SqlClient.SqlClient.use((sql) => held(sql`SELECT pg_advisory_xact_lock(sojourn.user_lock(${userId}))`))

const ofThis = "datname = current_database() AND wait_event_type = 'Lock'"

const untilLockWaits = (are: (count: number) => boolean) =>
  SqlClient.SqlClient.use((sql) =>
    sql.unsafe(`SELECT 1 FROM pg_stat_activity WHERE ${ofThis}`).pipe(
      Effect.repeat({ until: (waits) => are(waits.length), schedule: Schedule.spaced("20 millis"), times: 1000 })
    )
  )

/** Until so many statements wait for a lock. */
export const lockWaits = (count: number) => untilLockWaits((waits) => waits >= count)

/** Until none does. */
export const noLockWaits = untilLockWaits((waits) => waits === 0)

/** Ends the connections of those who wait for a lock, as a failover does. */
export const killLockWaits = SqlClient.SqlClient.use((sql) =>
  sql.unsafe(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ofThis}`)
)

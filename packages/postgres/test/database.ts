/** Sojourn's stores on a database of the test file's own. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { type Candidate, SecretHash, Session, SessionId, SessionRepo, type SessionRules, UserId } from "@sojourn/core"
import {
  CredentialRepoPostgres,
  Database,
  EventLogPostgres,
  Migrations,
  RelayRepoPostgres,
  SessionRepoPostgres,
  UserRepoPostgres
} from "@sojourn/postgres"
import { DateTime, Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
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

/** Logs in, by the repository alone. */
export const admit = (userId: UserId, rules: SessionRules, fields?: Partial<Parameters<typeof Session.make>[0]>) =>
  Effect.flatMap(
    candidateOf(userId, fields),
    (candidate) =>
      SessionRepo.use((repo) => Effect.map(repo.admit(candidate, rules), (admission) => ({ ...admission, candidate })))
  )

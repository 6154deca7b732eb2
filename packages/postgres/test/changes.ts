/** Every change of a session that takes its user's lock, for what holds for all of them. */
import {
  CredentialRepo,
  EventId,
  RotationSalt,
  SecretHash,
  SessionEnd,
  type SessionId,
  SessionRepo,
  SessionRules,
  system,
  User,
  type UserId,
  UserRepo
} from "@sojourn/core"
import { make as makeAdmit } from "@sojourn/postgres/Admit"
import { make as makeRevoke } from "@sojourn/postgres/RevokeStatements"
import { DateTime, Duration, Effect, type Layer, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { admit, candidateOf, type postgres } from "./database.ts"

/** An active session. */
export interface Subject {
  readonly id: SessionId
  readonly userId: UserId
}

/** Changes it. */
export type Change = (subject: Subject) => Effect.Effect<unknown, unknown, Layer.Success<ReturnType<typeof postgres>>>

const rules = SessionRules.make({})
const hash = (digits: string) => SecretHash.make(digits.repeat(32))
const logout = Effect.map(DateTime.now, (at) => SessionEnd.make({ at, reason: "logout", actor: system }))
const nobody = { owner: Option.none(), reuse: Option.none() }

const freshEventId = SecureRandom.SecureRandom.use((random) => Effect.map(random.uuidV7(), (id) => EventId.make(id)))

/** By name. Each writes an event of the user's. */
export const changes: ReadonlyArray<readonly [name: string, change: Change]> = [
  ["a login", ({ userId }) => admit(userId, rules)],
  [
    "several logins in one statement",
    Effect.fnUntraced(function*({ userId }) {
      const statement = yield* makeAdmit
      yield* statement(yield* Effect.replicateEffect(candidateOf(userId), 2), rules, true)
    })
  ],
  ["an end", ({ id }) => Effect.flatMap(logout, (end) => SessionRepo.use((repo) => repo.end(id, end, nobody)))],
  [
    "several ends in one statement",
    Effect.fnUntraced(function*({ id }) {
      const { several } = yield* makeRevoke
      yield* several([{ sessionId: id, end: yield* logout, ...nobody }])
    })
  ],
  [
    "the end of all",
    ({ userId }) => Effect.flatMap(logout, (end) => SessionRepo.use((repo) => repo.endAll(userId, Option.none(), end)))
  ],
  [
    "a lowered limit",
    Effect.fnUntraced(function*({ userId }) {
      const repo = yield* SessionRepo
      yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(0) })))
      yield* repo.enforceLimit(userId, rules, yield* DateTime.now)
    })
  ],
  [
    "a device that is trusted",
    Effect.fnUntraced(function*({ id, userId }) {
      const credentials = yield* CredentialRepo
      yield* credentials.trust(id, userId, system, yield* DateTime.now)
    })
  ],
  [
    "a suspicion",
    Effect.fnUntraced(function*({ id }) {
      const credentials = yield* CredentialRepo
      yield* credentials.recordSuspicion(id, yield* freshEventId, system, yield* DateTime.now)
    })
  ],
  [
    "a rotation",
    Effect.fnUntraced(function*({ id }) {
      const credentials = yield* CredentialRepo
      yield* credentials.rotate({
        sessionId: id,
        presented: hash("ab"),
        next: hash("cd"),
        salt: RotationSalt.make("ef".repeat(32)),
        eventId: yield* freshEventId,
        now: yield* DateTime.now,
        grace: Duration.seconds(10),
        ipAddress: Option.none()
      })
    })
  ],
  [
    "the end of a user",
    Effect.fnUntraced(function*({ userId }) {
      const repo = yield* SessionRepo
      yield* repo.erase(userId, system, yield* DateTime.now)
    })
  ],
  [
    "a sweep",
    Effect.fnUntraced(function*() {
      const repo = yield* SessionRepo
      yield* repo.sweep(DateTime.add(yield* DateTime.now, { days: 31 }), 10)
    })
  ]
]

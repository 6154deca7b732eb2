/** Who waits for a lock that another transaction holds, and what becomes of them and of the others meanwhile. */
import { assert, layer } from "@effect/vitest"
import {
  CredentialRepo,
  EventId,
  RotationSalt,
  SecretHash,
  SessionEnd,
  SessionId,
  SessionRepo,
  SessionRepoError,
  SessionRules,
  system,
  User,
  UserId,
  UserRepo
} from "@sojourn/core"
import { DateTime, Duration, Effect, Exit, Fiber, type Layer, Option, Result, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import type { Change, Subject } from "./changes.ts"
import { admit, candidateOf, holdLock, killLockWaits, lockWaits, postgres } from "./database.ts"

type Stores = Layer.Success<ReturnType<typeof postgres>>

const rules = SessionRules.make({})
const together = { concurrency: "unbounded" } as const

const login = Effect.fnUntraced(function*(name: string) {
  const userId = UserId.make(name)
  yield* UserRepo.use((users) => users.put(User.make({ id: userId })))
  const { candidate } = yield* admit(userId, rules)
  return { userId, id: candidate.session.id }
})

const logout = Effect.map(DateTime.now, (at) => SessionEnd.make({ at, reason: "logout", actor: system }))

const end = (id: SessionId) =>
  Effect.flatMap(
    logout,
    (end) => SessionRepo.use((repo) => repo.end(id, end, { owner: Option.none(), reuse: Option.none() }))
  )

/** Whoever asks gets an answer: not to get one is what is tested against. */
const answered = <A, E>(fiber: Fiber.Fiber<A, E>) => Effect.timeout(Fiber.await(fiber), Duration.seconds(10))

const failsTyped = (exit: Exit.Exit<unknown, unknown>) => {
  const failure = Option.getOrUndefined(Exit.findErrorOption(exit))
  assert.isTrue(failure instanceof SessionRepoError && failure.reason === "Unavailable")
}

const hash = (digits: string) => SecretHash.make(digits.repeat(32))

/** Every change of a session or a user that takes the user's lock, but logins and single ends, which have tests of their own. */
const changes = ({ id, userId }: Subject) =>
  Effect.gen(function*() {
    const random = yield* SecureRandom.SecureRandom
    const repo = yield* SessionRepo
    const credentials = yield* CredentialRepo
    const now = yield* DateTime.now
    const eventId = EventId.make(yield* random.uuidV7())
    return {
      enforceLimit: repo.enforceLimit(userId, rules, now),
      endAll: repo.endAll(userId, Option.some(id), yield* logout),
      trust: credentials.trust(id, userId, system, now),
      recordSuspicion: credentials.recordSuspicion(id, eventId, system, now),
      rotate: credentials.rotate({
        sessionId: id,
        presented: hash("ab"),
        next: hash("cd"),
        salt: RotationSalt.make("ef".repeat(32)),
        eventId: EventId.make(yield* random.uuidV7()),
        now,
        grace: Duration.seconds(10),
        ipAddress: Option.none()
      }),
      erase: repo.erase(userId, system, now)
    }
  })

/** What waits differently inside the caller's transaction. */
const inside: ReadonlyArray<readonly [name: string, change: Change]> = [
  ["a login", ({ userId }) => admit(userId, rules)],
  ["an end", ({ id }) => end(id)],
  ["trust", (mine) => Effect.flatMap(changes(mine), ({ trust }) => trust)]
]

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("waiting for locks", (it) => {
  it.effect("C14 V11 a connection lost while its user's lock is awaited fails who waits, and nobody who comes later", () =>
    Effect.gen(function*() {
      const { id, userId } = yield* login("failover")
      const release = yield* holdLock(userId)
      const waiting = yield* Effect.forkChild(admit(userId, rules))
      const ending = yield* Effect.forkChild(end(id))
      yield* lockWaits(1)
      const behind = yield* Effect.forkChild(admit(userId, rules))
      // Again and again: they may come to wait one after the other.
      const failover = yield* Effect.forkChild(Effect.repeat(killLockWaits, Schedule.spaced("50 millis")))
      failsTyped(yield* answered(waiting))
      failsTyped(yield* answered(ending))
      yield* Fiber.interrupt(failover)
      const later = yield* Effect.forkChild(admit(userId, rules))
      yield* release
      assert.isTrue(Exit.isSuccess(yield* answered(later)))
      // It may have waited in a statement that was killed, or in a later one.
      yield* answered(behind)
    }))

  it.effect("E14 a connection lost while an activity waits for its session's row is told as such", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { id } = yield* login("active")
      const at = yield* DateTime.now
      const touched = yield* Effect.forkChild(
        sql.withTransaction(Effect.gen(function*() {
          yield* sql`SELECT 1 FROM sojourn.sessions WHERE id = ${id}::uuid FOR UPDATE`
          yield* lockWaits(1)
          yield* killLockWaits
        }))
      )
      const activity = { sessionId: id, at, ipAddress: Option.none() }
      yield* Effect.sleep("100 millis")
      failsTyped(yield* Effect.exit(CredentialRepo.use((credentials) => credentials.touch([activity]))))
      yield* Fiber.join(touched)
    }))

  it.effect("C14 logins behind more than a statement's worth of others that gave up get in", () =>
    Effect.gen(function*() {
      const { userId } = yield* login("patient")
      const release = yield* holdLock(userId)
      const first = yield* Effect.forkChild(admit(userId, rules))
      yield* lockWaits(1)
      const hasty = yield* Effect.forEach(
        Array.from({ length: 40 }),
        () => Effect.forkChild(admit(userId, rules), { startImmediately: true })
      )
      // They wait behind the first one by then, and not for a statement any more.
      yield* login("somebody else")
      yield* Effect.forEach(hasty, Fiber.interrupt, together)
      const patient = yield* Effect.forkChild(admit(userId, rules), { startImmediately: true })
      yield* login("and another one")
      yield* release
      assert.isTrue(Exit.isSuccess(yield* answered(first)))
      assert.isTrue(Exit.isSuccess(yield* answered(patient)))
    }))

  it.effect("V11 whatever waits for a user's lock holds up nobody else's statements, and is done when it is free", () =>
    Effect.gen(function*() {
      const busy = yield* login("busy")
      const calm = yield* login("calm")
      const release = yield* holdLock(busy.userId)
      const { erase, ...others } = yield* changes(busy)
      // As many of each as there are connections, on one of which any other statement would come after it.
      const waiting = yield* Effect.forEach(
        Object.values(others).flatMap((change) => Array.from({ length: 10 }, () => change)),
        (change) => Effect.forkChild(Effect.exit<unknown, unknown, never>(change))
      )
      const erasing = yield* Effect.forkChild(erase)
      yield* lockWaits(1)
      const found = yield* CredentialRepo.use((credentials) =>
        Effect.forEach(Array.from({ length: 40 }), () => credentials.find([calm.id]), together)
      ).pipe(Effect.timeoutOption(Duration.seconds(5)))
      assert.isTrue(Option.isSome(found))
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(login("calm too"), Duration.seconds(5))))
      assert.isUndefined(erasing.pollUnsafe())
      yield* release
      for (const fiber of waiting) assert.isTrue(Exit.isSuccess(yield* answered(fiber)))
      assert.isTrue(Exit.isSuccess(yield* answered(erasing)))
      const left = yield* SessionRepo.use((repo) => repo.find(busy.id))
      assert.isTrue(Option.exists(left, ({ end }) => Option.isSome(end)))
    }))

  it.effect("V11 whatever waits for one user's lock, another user who waits has a turn", () =>
    Effect.gen(function*() {
      const busy = yield* login("busy everywhere")
      const sessions = yield* Effect.forEach([1, 2, 3, 4], () => login("busy everywhere"))
      const { erase: _, ...others } = yield* changes(busy)
      const fair = yield* login("fair")
      const release = yield* holdLock(busy.userId)
      const waiting = yield* Effect.forEach(
        [...sessions.map(({ id }) => end(id)), ...Object.values(others)],
        (change) => Effect.forkChild(Effect.exit<unknown, unknown, Stores>(change))
      )
      yield* lockWaits(1)
      const releaseFair = yield* holdLock(fair.userId)
      const next = yield* Effect.forkChild(admit(fair.userId, rules))
      // Whether it waits in the database or for its turn.
      yield* Effect.sleep("300 millis")
      yield* releaseFair
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Fiber.join(next), Duration.seconds(2))))
      yield* release
      for (const fiber of waiting) assert.isTrue(Exit.isSuccess(yield* answered(fiber)))
    }))

  it.effect("V11 however many users' locks are taken, a statement of another one is answered at once", () =>
    Effect.gen(function*() {
      const calm = yield* login("calm as ever")
      const held = yield* Effect.forEach(
        Array.from({ length: 4 }, (_, nth) => `busy ${nth}`),
        (name) =>
          Effect.gen(function*() {
            const busy = yield* login(name)
            const release = yield* holdLock(busy.userId)
            const { endAll, recordSuspicion } = yield* changes(busy)
            const waiting = yield* Effect.forEach(
              [admit(busy.userId, rules), end(busy.id), endAll, recordSuspicion],
              (change) => Effect.forkChild(Effect.exit<unknown, unknown, Stores>(change))
            )
            return { release, waiting }
          })
      )
      yield* lockWaits(2)
      yield* Effect.sleep("500 millis")
      // One alone: any further one would make the pool go on.
      const found = yield* CredentialRepo.use((credentials) => credentials.find([calm.id])).pipe(
        Effect.timeoutOption(Duration.seconds(5))
      )
      assert.isTrue(Option.isSome(found))
      for (const { release, waiting } of held) {
        yield* release
        yield* Effect.forEach(waiting, answered)
      }
    }))

  it.effect.each(inside)(
    "C21 inside the caller's transaction %s waits for the lock and is part of it",
    ([name, change]) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const repo = yield* SessionRepo
        const mine = yield* login(`careful with ${name}`)
        const before = yield* repo.find(mine.id)
        const release = yield* holdLock(mine.userId)
        const undone = yield* Effect.forkChild(
          Effect.flip(sql.withTransaction(Effect.andThen(change(mine), Effect.fail("no"))))
        )
        yield* Effect.raceFirst(lockWaits(1), Fiber.await(undone))
        yield* release
        assert.strictEqual(yield* Fiber.join(undone), "no")
        assert.deepStrictEqual(yield* repo.find(mine.id), before)
        const [count] = yield* sql`SELECT count(*)::integer AS n FROM sojourn.sessions WHERE user_id = ${mine.userId}`
        assert.deepStrictEqual(count, { n: 1 })
      })
  )
})

const limitQuery = "SELECT CASE WHEN $1 = 'broken' THEN (SELECT n FROM generate_series(1, 2) n) ELSE 5 END"

layer(postgres({ limitQuery }), { excludeTestServices: true, timeout: "60 seconds" })("a rule of one's own", (it) => {
  it.effect("C14 T4 a user for whom the application's rule fails is refused alone", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const names = ["one", "two", "broken", "three", "four", "five"]
      const candidates = yield* Effect.forEach(names, (name) => candidateOf(UserId.make(name)))
      const outcomes = yield* Effect.forEach(candidates, (candidate) =>
        Effect.result(repo.admit(candidate, rules)), together)
      assert.deepStrictEqual(
        names.filter((_, at) =>
          Result.isFailure(outcomes[at]!)
        ),
        ["broken"]
      )
    }))
})

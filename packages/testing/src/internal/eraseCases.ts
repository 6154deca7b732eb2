/** Forgetting a user: their sessions are gone, and their events tell no more of them than that something happened. */
import { assert, type Vitest } from "@effect/vitest"
import { type SessionEvent, SessionRepo, type UserId, UserRepo } from "@sojourn/core"
import { Effect, Option } from "effect"
import { now } from "../Fixtures.ts"
import {
  ada,
  admit,
  allOf,
  eventsOf,
  expired,
  failure,
  givenUser,
  idle,
  live,
  passwordChanged,
  sessionsOf,
  setLimit,
  type Store
} from "./given.ts"

/** Ends what is active and forgets the rest. */
export const erase = (userId: UserId, at = now) =>
  SessionRepo.use((repo) => Effect.tap(repo.erase(userId, ada, at), repo.forget(userId)))

/** What an event tells of the person. */
export const personal = (event: SessionEvent) => [
  ...Option.toArray(event.actor.ipAddress),
  ..."device" in event ? Option.toArray(event.device) : [],
  ...event._tag === "SessionCreated" ? [...Option.toArray(event.location), ...Option.toArray(event.ipAddress)] : []
]

export const eraseCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("erasing ends what is active with user_deleted, an event each and one for all, and deletes the rows", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const users = yield* UserRepo
      const { ids, userId } = yield* givenUser("unlimited", [live(3), live(2), expired])
      const { ended, events } = yield* erase(userId)
      assert.deepStrictEqual(ended, ids.slice(0, 2))
      assert.deepStrictEqual(
        events.map((event) => ["reason" in event && event.reason, event._tag, event.at, event.actor]),
        (["SessionRevoked", "SessionRevoked", "SessionsRevoked"] as const).map((
          tag
        ) => ["user_deleted" as const, tag, now, ada])
      )
      assert.deepStrictEqual(yield* sessionsOf(userId), [])
      for (const id of ids) assert.deepStrictEqual(yield* repo.find(id), Option.none())
      assert.deepStrictEqual(yield* failure(users.find(userId)), { _tag: "UserNotFound", userId })
      assert.deepStrictEqual(yield* failure(admit({ userId })), { _tag: "UserNotFound", userId })
    }))

  it.effect("D1 a session that was over gets its own end in the log, and not that of the user", () =>
    Effect.gen(function*() {
      const { ids, userId } = yield* givenUser("unlimited", [live(1), expired, idle])
      const { ended, events } = yield* erase(userId)
      assert.deepStrictEqual(ended, ids.slice(0, 1))
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["SessionRevoked", "SessionsRevoked"])
      const logged = (yield* eventsOf(userId, 7)).map((event) => ["reason" in event && event.reason, event._tag])
      assert.sameDeepMembers(logged.filter(([reason]) => reason !== false), [
        ["expired", "SessionExpired"],
        ["idle", "SessionExpired"],
        ["user_deleted", "SessionRevoked"],
        ["user_deleted", "SessionsRevoked"]
      ])
    }))

  it.effect("the events stay, without device, place and address; those of others are untouched", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser(1)
      const other = yield* givenUser("unlimited", [live(1)])
      yield* Effect.replicateEffect(admit({ userId, ...live(1) }), 2)
      const before = yield* eventsOf(userId, 3)
      const others = yield* eventsOf(other.userId, 1)
      assert.strictEqual(before.flatMap(personal).length, 9, "there is something to forget")
      yield* erase(userId)
      const after = yield* eventsOf(userId, 5)
      assert.deepStrictEqual(
        after.map(({ _tag }) => _tag),
        ["SessionCreated", "SessionEvicted", "SessionCreated", "SessionRevoked", "SessionsRevoked"]
      )
      assert.deepStrictEqual(after.slice(0, 3).map(({ eventId }) => eventId), before.map(({ eventId }) => eventId))
      assert.deepStrictEqual(after.flatMap(personal), [])
      assert.deepStrictEqual(yield* eventsOf(other.userId, 1), others)
      assert.strictEqual((yield* allOf(other.userId)).sessions.length, 1)
    }))

  it.effect("forgetting leaves what is active", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const { ids: [over, active], sessions, userId } = yield* givenUser("unlimited", [live(2), live(1)])
      yield* repo.endAll(userId, Option.some(active!), passwordChanged)
      yield* repo.forget(userId)
      assert.deepStrictEqual(yield* repo.find(over!), Option.none())
      assert.deepStrictEqual(yield* repo.find(active!), Option.some(sessions[1]!))
    }))

  it.effect("erasing again, or nobody, does nothing; and whoever comes back begins anew", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(1)])
      yield* erase(userId)
      const before = yield* eventsOf(userId, 3)
      assert.deepStrictEqual(yield* erase(userId), { ended: [], endedBefore: [], events: [] })
      assert.deepStrictEqual(yield* eventsOf(userId, 3), before)
      yield* setLimit(userId, 1)
      const { session } = yield* admit({ userId })
      assert.deepStrictEqual(yield* sessionsOf(userId), [session])
    }))

  it.effect("of logins that race with it none survives, and none is left in the store", () =>
    Effect.gen(function*() {
      const { userId } = yield* givenUser("unlimited", [live(1)])
      const logIns = Effect.replicateEffect(Effect.exit(admit({ userId })), 20, { concurrency: 5 })
      yield* Effect.all([logIns, Effect.andThen(Effect.yieldNow, erase(userId))], { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* sessionsOf(userId), [])
    }))
}

/** Ending one session: R2 to R8 at the store. */
import { assert, type Vitest } from "@effect/vitest"
import {
  endedEventId,
  SessionEnd,
  type SessionId,
  SessionRepo,
  SessionRevoked,
  type TokenReuse,
  type UserId
} from "@sojourn/core"
import { Effect, Option } from "effect"
import { after, freshSessionId, now } from "../Fixtures.ts"
import { allOf, eventsOf, expired, failure, givenUser, live, passwordChanged, type Store } from "./given.ts"
import { assertToldOnce } from "./told.ts"

const anybodys = { owner: Option.none<UserId>(), reuse: Option.none<TokenReuse>() }
const later = SessionEnd.make({ ...passwordChanged, at: after("1 hour"), reason: "logout" })

const end = (id: SessionId, how: SessionEnd, options: Partial<typeof anybodys> = {}) =>
  SessionRepo.use((repo) => repo.end(id, how, { ...anybodys, ...options }))

export const endCases = (it: Vitest.MethodsNonLive<Store>): void => {
  it.effect("R2 R4 ends the session with time, reason and actor, with one event that tells them and the device", () =>
    Effect.gen(function*() {
      const { ids: [a, b], sessions, userId } = yield* givenUser("unlimited", [live(2), live(1)])
      const { changed, events, userId: whose } = yield* end(a!, passwordChanged, { owner: Option.some(userId) })
      assert.deepStrictEqual([changed, whose], [true, userId])
      assert.deepStrictEqual(events, [SessionRevoked.make({
        eventId: endedEventId(a!),
        at: now,
        userId,
        actor: passwordChanged.actor,
        sessionId: a!,
        reason: "password_changed",
        device: sessions[0]!.device
      })])
      const { events: told, sessions: kept } = yield* allOf(userId, 3)
      assert.deepStrictEqual(told.slice(2), events)
      assert.deepStrictEqual(kept, [sessions[1]!, sessions[0]!.ended(passwordChanged)])
      assert.strictEqual(kept[0]!.id, b)
    }))

  it.effect("R2 R7 what has ended stays as it ended, without a second event, and says so", () =>
    Effect.gen(function*() {
      const { ids: [a], userId } = yield* givenUser("unlimited", [live(1)])
      yield* end(a!, passwordChanged)
      const before = yield* allOf(userId, 2)
      assert.deepStrictEqual(yield* end(a!, later), { userId, changed: false, events: [] })
      assert.deepStrictEqual(yield* allOf(userId, 2), before)
    }))

  it.effect("R4 the event says how a replaced secret was used again", () =>
    Effect.gen(function*() {
      const { ids, userId } = yield* givenUser("unlimited", [live(2), live(1)])
      const how = SessionEnd.make({ ...passwordChanged, reason: "rotation_reuse" })
      yield* end(ids[0]!, how, { reuse: Option.some("late_retry") })
      yield* end(ids[1]!, how, { reuse: Option.some("theft") })
      const reuses = (yield* eventsOf(userId, 4)).flatMap((event) =>
        event._tag === "SessionRevoked" ? [Option.getOrNull(event.reuse)] : []
      )
      assert.deepStrictEqual(reuses, ["late_retry", "theft"])
    }))

  it.effect("R5 a session that does not exist: SessionNotFound", () =>
    Effect.gen(function*() {
      const sessionId = yield* freshSessionId
      assert.deepStrictEqual(yield* failure(end(sessionId, passwordChanged)), { _tag: "SessionNotFound", sessionId })
    }))

  it.effect("R6 somebody else's: NotSessionOwner, and nothing is written, also when it has ended", () =>
    Effect.gen(function*() {
      const { ids: [sessionId], userId } = yield* givenUser("unlimited", [live(1)])
      const other = yield* givenUser("unlimited")
      const foreign = failure(end(sessionId!, passwordChanged, { owner: Option.some(other.userId) }))
      const before = yield* allOf(userId, 1)
      assert.deepStrictEqual(yield* foreign, { _tag: "NotSessionOwner", sessionId, userId: other.userId })
      assert.deepStrictEqual(yield* allOf(userId, 1), before)
      yield* end(sessionId!, passwordChanged)
      assert.deepStrictEqual(yield* foreign, { _tag: "NotSessionOwner", sessionId, userId: other.userId })
    }))

  it.effect("R8 of 20 who end it at once, one does, and there is one event", () =>
    Effect.gen(function*() {
      const { ids: [a], userId } = yield* givenUser("unlimited", [live(1)])
      const endings = yield* Effect.replicateEffect(end(a!, passwordChanged), 20, { concurrency: "unbounded" })
      assert.strictEqual(endings.filter(({ changed }) => changed).length, 1)
      assert.strictEqual(endings.flatMap(({ events }) => events).length, 1)
      const { events, sessions } = yield* allOf(userId, 2)
      assertToldOnce(sessions, events)
    }))

  it.effect("R2 a session that expired and was not swept yet is ended by whoever comes first", () =>
    Effect.gen(function*() {
      const { ids: [a], sessions, userId } = yield* givenUser("unlimited", [expired])
      assert.isTrue((yield* end(a!, passwordChanged)).changed)
      assert.deepStrictEqual((yield* allOf(userId, 2)).sessions, [sessions[0]!.ended(passwordChanged)])
    }))
}

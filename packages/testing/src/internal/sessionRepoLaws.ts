/** What holds after any history of a user's: the invariants, and `LimitRule` at every step. */
import { assert, type Vitest } from "@effect/vitest"
import {
  AtLimit,
  type Evictions,
  type Limit,
  type Session,
  SessionEnd,
  type SessionEvent,
  SessionRepo,
  SessionRules,
  system,
  type UserId
} from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Result, Schema } from "effect"
import { candidate, now } from "../Fixtures.ts"
import { holdLimit, makeRoom } from "../LimitRule.ts"
import { SessionSeed } from "../SessionSeed.ts"
import { activeOf, countOf, eventsOf, givenUser, type SeededStore, sessionsOf, setLimit } from "./given.ts"
import { assertToldOnce } from "./told.ts"

const Minutes = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
const SmallLimit = Schema.Literals([0, 1, 2, 3, 4, "unlimited"])

const Nth = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))

const Change = Schema.Union([
  Schema.TaggedStruct("Login", { idleAfter: Schema.NullOr(Minutes) }),
  Schema.TaggedStruct("Login", { idleAfter: Schema.Null }),
  Schema.TaggedStruct("Enforce", {}),
  Schema.TaggedStruct("EndAll", { reason: Schema.Literals(["logout", "password_changed"]) })
])

const Step = Schema.Union([
  Change,
  Schema.TaggedStruct("Use", { nth: Nth }),
  Schema.TaggedStruct("Trust", { nth: Nth }),
  Schema.TaggedStruct("Wait", { minutes: Minutes }),
  Schema.TaggedStruct("SetLimit", { limit: SmallLimit })
])

const Rules = Schema.Struct({
  atLimit: AtLimit,
  protectTrusted: Schema.Boolean,
  protectedMinutes: Schema.NullOr(Minutes)
})

const spanOf = (minutes: number | null) => Option.map(Option.fromNullOr(minutes), (n) => Duration.minutes(n + 1))
const idsOf = (sessions: ReadonlyArray<Session>) => sessions.map(({ id }) => id)

/** What was done is what the rule says, after what was due. */
const follows = <E extends object>(
  done: Result.Result<Evictions, E>,
  rule: Result.Result<ReadonlyArray<Session>, E>,
  due: ReadonlyArray<Session>
) => {
  assert.deepStrictEqual(
    Result.match(done, { onFailure: (error): object => ({ ...error }), onSuccess: ({ evicted }) => evicted }),
    Result.match(rule, { onFailure: (error): object => ({ ...error }), onSuccess: idsOf })
  )
  if (Result.isSuccess(done)) assert.deepStrictEqual(done.success.expired, idsOf(due))
}

/** What a login or a lowered limit ends first, in that order. */
const dueOf = (sessions: ReadonlyArray<Session>, limit: Limit, at: DateTime.Utc) =>
  limit === "unlimited" ? [] : sessions.filter(({ end }) => Option.isNone(end))
    .filter((session) => !session.isActive(at))
    .toSorted((a, b) => DateTime.Order(a.activeUntil, b.activeUntil) || (a.id < b.id ? -1 : 1))

/** Makes one change, compares what the store did with what the rule says, and gives the events that it wrote. */
const make = Effect.fnUntraced(
  function*(
    step: typeof Change.Type,
    { at, limit, rules, userId, written }: {
      readonly userId: UserId
      readonly limit: Limit
      readonly rules: SessionRules
      readonly at: DateTime.Utc
      /** How many events there were before. */
      readonly written: number
    }
  ) {
    const repo = yield* SessionRepo
    const active = yield* activeOf(userId, at)
    const due = dueOf(yield* sessionsOf(userId), limit, at)
    /** Who is refused is told no events, but they are in the log. */
    const eventsOfDue = Effect.map(eventsOf(userId, written + due.length), (events) => events.slice(written))
    const situation = { userId, limit, active, now: at }
    switch (step._tag) {
      case "EndAll": {
        const notOver = (yield* sessionsOf(userId)).filter(({ end, expiresAt }) =>
          Option.isNone(end) && DateTime.isLessThan(at, expiresAt)
        )
        const end = SessionEnd.make({ at, reason: step.reason, actor: system })
        const { ended, events } = yield* repo.endAll(userId, Option.none(), end)
        assert.sameMembers([...ended], idsOf(notOver))
        return events
      }
      case "Login": {
        const asking = yield* candidate({ userId, createdAt: at, idleTimeout: spanOf(step.idleAfter) })
        const done = yield* Effect.result(repo.admit(asking, rules))
        follows(done, makeRoom(situation, rules), due)
        return Result.isSuccess(done) ? done.success.events : yield* eventsOfDue
      }
      case "Enforce": {
        const done = yield* Effect.result(repo.enforceLimit(userId, rules, at))
        follows(done, holdLimit(situation, rules), due)
        return Result.isSuccess(done) ? done.success.events : yield* eventsOfDue
      }
    }
  }
)

export const sessionRepoLaws = (it: Vitest.MethodsNonLive<SeededStore>): void => {
  it.effect.prop(
    "C14 C21 whatever happens, every step follows the rule, active ≤ limit, and each change has its one event",
    { limit: SmallLimit, rules: Rules, steps: Schema.Array(Step).check(Schema.isMaxLength(15)) },
    ({ limit: first, rules: { protectedMinutes, ...rest }, steps }) =>
      Effect.gen(function*() {
        const rules = SessionRules.make({ ...rest, protectActiveWithin: spanOf(protectedMinutes) })
        const { userId } = yield* givenUser(first)
        const written: Array<SessionEvent> = []
        let limit: Limit = first
        let at = now
        for (const step of steps) {
          if (step._tag === "Wait") {
            at = DateTime.addDuration(at, Duration.minutes(step.minutes))
          } else if (step._tag === "SetLimit") {
            limit = step.limit
            yield* setLimit(userId, limit)
          } else if (step._tag === "Use" || step._tag === "Trust") {
            const seed = yield* SessionSeed
            const session = (yield* sessionsOf(userId))[step.nth]
            if (session === undefined) continue
            yield* seed.put(step._tag === "Use" ? session.touched(at, session.ipAddress) : session.trust())
          } else {
            const events = yield* make(step, { userId, limit, rules, at, written: written.length })
            written.push(...events)
            const { active } = yield* countOf(userId, at)
            const isRefused = events.every(({ _tag }) => _tag === "SessionExpired")
            assert.isTrue(limit === "unlimited" || active <= limit || isRefused)
          }
        }
        assert.deepStrictEqual(yield* eventsOf(userId, written.length), written)
        assertToldOnce(yield* sessionsOf(userId), written)
      }),
    { arbitrary: { runs: 60 }, timeout: 60_000 }
  )
}

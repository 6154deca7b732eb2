import { assert, it } from "@effect/vitest"
import { EventLine } from "@sojourn/cli/commands/events"
import { ListResult } from "@sojourn/cli/commands/list"
import { SessionPolicy, SessionRepo, SessionRules } from "@sojourn/core"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { decode, from, knowing, ndjson, onLogins } from "./importing.ts"
import { memory, parse } from "./inProcess.ts"

const now = DateTime.makeUnsafe("2026-11-28T12:00:00Z")
const ago = (duration: Duration.Input) => DateTime.formatIso(DateTime.subtractDuration(now, duration))
const ahead = (duration: Duration.Input) => DateTime.formatIso(DateTime.addDuration(now, duration))

/** How long a session lives, in milliseconds. */
const days30 = 30 * 86_400_000

/** A command line at `now` that knows alice, who may have two sessions. */
const atNow = Effect.fnUntraced(function*(services = memory) {
  yield* TestClock.setTime(DateTime.toEpochMillis(now))
  return yield* knowing(["alice"], services)
})

type Cli = Effect.Success<ReturnType<typeof knowing>>

const sessionsOf = Effect.fnUntraced(function*(cli: Cli) {
  return yield* parse(ListResult)((yield* cli(["list", "alice", "--all", "--json"])).stdout)
})

const importOf = (cli: Cli, logins: ReadonlyArray<unknown>) =>
  Effect.flatMap(cli(from, ndjson(logins)), ({ stdout }) => decode(stdout))

/** Alice's logins at these times. */
const alice = (...times: ReadonlyArray<string>) => times.map((at) => ({ userId: "alice", at }))

/** No session is said to have ended before it began, or in the future. */
const assertEndsAreLikely = ({ sessions }: typeof ListResult.Type) =>
  sessions.forEach(({ createdAt, endedAt }) => {
    if (endedAt === null) return
    assert.isTrue(DateTime.between(endedAt, { minimum: createdAt, maximum: now }), DateTime.formatIso(endedAt))
  })

/** A repository that takes a different time for each login. */
const uneven = onLogins((nth, admit) =>
  Effect.andThen(Effect.repeat(Effect.yieldNow, { times: (nth * 37) % 11 }), admit)
)

it.effect("C4 create --from: a login is as of its time, and one user's logins keep their order", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice", "bob"], uneven)
    yield* TestClock.setTime(DateTime.toEpochMillis(now))
    const start = DateTime.makeUnsafe("2026-11-01T00:00:00Z")
    const times = Array.from({ length: 300 }, (_, at) => DateTime.formatIso(DateTime.add(start, { seconds: at })))
    yield* cli(from, ndjson(times.map((at, index) => ({ userId: index % 3 === 0 ? "bob" : "alice", at }))))
    const { stdout } = yield* cli(["events", "--user", "alice", "--json"])
    const events = yield* Effect.forEach(stdout.split("\n"), (line) => parse(EventLine)(line))
    const created = events.filter(({ event }) => event._tag === "SessionCreated").map(({ event }) =>
      DateTime.formatIso(event.at)
    )
    assert.deepStrictEqual(created, times.filter((_, index) => index % 3 !== 0))
    const listed = yield* sessionsOf(cli)
    assert.strictEqual(DateTime.formatIso(listed.sessions[0]!.expiresAt), "2026-12-01T00:04:59.000Z")
    assertEndsAreLikely(listed)
  }))

it.effect("create --from: a login of the future fails, and ends nothing", () =>
  Effect.gen(function*() {
    const cli = yield* atNow()
    yield* cli(["create", "alice"])
    const { created, failed } = yield* importOf(cli, alice("2062-11-28T12:00:00Z", ahead("61 seconds")))
    assert.deepStrictEqual([created, failed], [0, [
      { line: 1, error: "The time 2062-11-28T12:00:00.000Z is in the future; correct \"at\"" },
      { line: 2, error: "The time 2026-11-28T12:01:01.000Z is in the future; correct \"at\"" }
    ]])
    const { active, total } = yield* sessionsOf(cli)
    assert.deepStrictEqual([active, total], [1, 1])
  }))

it.effect("create --from: a day that there is not, or a time without its zone, is refused, and not taken as another", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice"])
    const days = ["2026-02-30T12:00:00Z", "2026-00-10T12:00:00Z", "2026-13-01T12:00:00Z", "2026-11-31T23:59:59+05:00"]
    const at = [...days, "2026-11-27T12:00:00"]
    const { stdout } = yield* cli(from, ndjson(at.map((at) => ({ userId: "alice", at }))))
    const { created, failed } = yield* decode(stdout)
    assert.deepStrictEqual([created, failed.map(({ line }) => line)], [0, [1, 2, 3, 4, 5]])
    for (const { error } of failed) assert.match(error, /^Expected a .*at \["at"\]$/)
  }))

it.effect("create --from: a time of up to a minute ahead, as of a clock that is, counts as now", () =>
  Effect.gen(function*() {
    const cli = yield* atNow()
    yield* importOf(cli, alice(ago(Duration.millis(days30 - 30_000))))
    assert.strictEqual((yield* importOf(cli, alice(ahead("1 minute"), ahead("30 seconds")))).created, 2)
    const listed = yield* sessionsOf(cli)
    assert.deepStrictEqual(listed.sessions.slice(0, 2).map(({ createdAt }) => createdAt), [now, now])
    assertEndsAreLikely(listed)
  }))

it.effect("create --from: a login whose session would be over fails, and ends nothing", () =>
  Effect.gen(function*() {
    const cli = yield* atNow()
    const result = yield* importOf(
      cli,
      alice(ago("90 days"), ago("30 days"), ago(Duration.millis(days30 - 1)))
    )
    assert.deepStrictEqual([result.created, result.failed], [1, [
      {
        line: 1,
        error: "The session of a login at 2026-08-30T12:00:00.000Z would be over since 2026-09-29T12:00:00.000Z; " +
          "leave the line out"
      },
      {
        line: 2,
        error: "The session of a login at 2026-10-29T12:00:00.000Z would be over since 2026-11-28T12:00:00.000Z; " +
          "leave the line out"
      }
    ]])
  }))

it.effect.each(
  [
    { how: "idle", rules: { idleTimeout: Option.some(Duration.hours(1)) }, over: "60 minutes", alive: "59 minutes" },
    { how: "as old as may be", rules: { maximumLifetime: Duration.days(7) }, over: "7 days", alive: "6 days" }
  ] as const
)(
  "create --from: a session that would be $how by now is over, too",
  ({ alive, over, rules }) =>
    Effect.gen(function*() {
      const policy = Layer.succeed(SessionPolicy, SessionRules.make(rules))
      const cli = yield* atNow(Layer.merge(memory, policy))
      const { created, failed } = yield* importOf(cli, alice(ago(over), ago(alive)))
      assert.deepStrictEqual([created, failed.map(({ line }) => line)], [1, [1]])
    })
)

it.effect("create --from: a login fails if a later session is there that has not ended, and ends none", () =>
  Effect.gen(function*() {
    const cli = yield* atNow()
    yield* cli(["create", "alice"])
    yield* cli(["create", "alice"])
    const { created, evicted, failed } = yield* importOf(cli, alice(ago("1 day")))
    assert.deepStrictEqual([created, evicted, failed], [0, 0, [{
      line: 1,
      error:
        "User \"alice\" has a session that began later, at 2026-11-28T12:00:00.000Z; put the lines in order of time, " +
        "and leave out what is older than a session that is there already"
    }]])
    const { active, sessions, total } = yield* sessionsOf(cli)
    assert.deepStrictEqual([active, total], [2, 2])
    for (const { sessionId } of sessions) yield* cli(["revoke", sessionId])
    assert.strictEqual((yield* importOf(cli, alice(ago("1 day")))).created, 1)
  }))

it.effect("create --from: a session that is over but not swept keeps its own end", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice"])
    yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.subtractDuration(now, "2 hours")))
    yield* cli(["create", "alice", "--expires-in", "1 hour"])
    yield* cli(["create", "alice", "--expires-in", "1 hour"])
    yield* TestClock.setTime(DateTime.toEpochMillis(now))
    assert.strictEqual((yield* importOf(cli, alice(ago("3 hours")))).failedCount, 1)
    assert.strictEqual((yield* importOf(cli, alice(ago("30 minutes")))).created, 1)
    assertEndsAreLikely(yield* sessionsOf(cli))
  }))

it.effect("create --from: lines out of order fail, those of the same time do not", () =>
  Effect.gen(function*() {
    const cli = yield* atNow(uneven)
    const [first, second, third] = [ago("3 days"), ago("2 days"), ago("1 day")]
    const times = [first, second, second, second, first, third, second, third]
    const { created, evicted, failed } = yield* importOf(cli, alice(...times))
    assert.deepStrictEqual([created, evicted, failed.map(({ line }) => line)], [6, 4, [5, 7]])
    const listed = yield* sessionsOf(cli)
    assert.deepStrictEqual(
      listed.sessions.filter(({ active }) => active).map(({ createdAt }) => DateTime.formatIso(createdAt)),
      [third, third]
    )
    assertEndsAreLikely(listed)
  }))

it.effect("create --from: a line costs a lookup only if it tells a time that is over", () =>
  Effect.gen(function*() {
    let lookups = 0
    const counting = Layer.effect(
      SessionRepo,
      Effect.map(SessionRepo, (repo) => ({
        ...repo,
        list: (query) => Effect.suspend(() => (lookups += 1, repo.list(query)))
      }))
    ).pipe(Layer.provideMerge(memory))
    const cli = yield* atNow(counting)
    yield* importOf(cli, [
      ...alice(ago("2 hours"), ago("1 hour"), ago("90 days"), ahead("1 day"), ahead("1 second")),
      ...Array.from({ length: 50 }, () => ({ userId: "alice" }))
    ])
    assert.strictEqual(lookups, 2)
  }))

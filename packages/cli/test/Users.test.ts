import { assert, it } from "@effect/vitest"
import { ListResult } from "@sojourn/cli/commands/list"
import { PutUserResult } from "@sojourn/cli/commands/users"
import { Effect } from "effect"
import { makeCli, parse } from "./inProcess.ts"

const decode = parse(PutUserResult)

const put = Effect.fnUntraced(
  function*(cli: Effect.Success<ReturnType<typeof makeCli>>, ...args: ReadonlyArray<string>) {
    const { exitCode, stderr, stdout } = yield* cli(["users", "put", ...args, "--json"])
    assert.deepStrictEqual([exitCode, stderr], [0, ""])
    return yield* decode(stdout)
  }
)

it.effect("T1 users put: a new user is on the tier basic and may have 2 sessions", () =>
  Effect.gen(function*() {
    const user = yield* put(yield* makeCli(), "alice")
    assert.deepStrictEqual({ ...user }, {
      userId: user.userId,
      tier: user.tier,
      maxSessions: null,
      limit: 2,
      evicted: []
    })
    assert.deepStrictEqual([user.userId, user.tier], ["alice", "basic"])
  }))

const limits = ({ limit, maxSessions, tier }: typeof PutUserResult.Type): ReadonlyArray<unknown> => [
  tier,
  maxSessions,
  limit
]

it.effect("T2 users put: the user's own limit wins, and what is not given stays", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--tier", "plus")), ["plus", null, 5])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--max-sessions", "3")), ["plus", 3, 3])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--tier", "premium")), ["premium", 3, 3])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--max-sessions", "unlimited")), [
      "premium",
      "unlimited",
      "unlimited"
    ])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--no-max-sessions")), ["premium", null, 10])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--tier", "pro")), ["pro", null, "unlimited"])
    assert.deepStrictEqual(limits(yield* put(cli, "alice", "--tier", "no such tier")), ["no such tier", null, 2])
  }))

it.effect("C15 users put: a lowered limit ends the oldest sessions at once, and says which", () =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    yield* put(cli, "alice", "--tier", "plus")
    yield* Effect.forEach([1, 2, 3], () => cli(["create", "alice"]))
    const before = yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)
    const user = yield* put(cli, "alice", "--max-sessions", "1")
    assert.deepStrictEqual(user.evicted, before.sessions.slice(1).map(({ sessionId }) => sessionId).toReversed())
    const after = yield* parse(ListResult)((yield* cli(["list", "alice", "--json"])).stdout)
    assert.deepStrictEqual([after.active, after.sessions[0]?.sessionId], [1, before.sessions[0]?.sessionId])
    assert.include((yield* cli(["users", "put", "alice", "--max-sessions", "0"])).stdout, "Ended session")
  }))

it.effect.each([
  [["--max-sessions", "3", "--no-max-sessions"], "not both"],
  [["--max-sessions", "-1"], "a whole number from 0"],
  [["--max-sessions", "2.5"], "a whole number from 0"],
  [["--max-sessions", "many"], "a whole number from 0"],
  [["--tier", ""], "the name of a plan"],
  [["--teir", "plus"], "--tier"]
])("users put %j is a wrong use: exit code 2, one line, nothing written", ([flags, told]) =>
  Effect.gen(function*() {
    const cli = yield* makeCli()
    const { exitCode, stderr, stdout } = yield* cli(["users", "put", "alice", ...flags as ReadonlyArray<string>])
    assert.deepStrictEqual([exitCode, stdout], [2, ""])
    assert.include(stderr, told as string)
    assert.notInclude(stderr, "\n")
    assert.strictEqual((yield* cli(["create", "alice"])).exitCode, 1)
  }))

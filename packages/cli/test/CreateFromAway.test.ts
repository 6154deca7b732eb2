/** What `sojourn create --from` does when the database goes away. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { makeImport } from "@sojourn/cli/commands/loginImport"
import { SessionRepo, SessionRepoError } from "@sojourn/core"
import { Effect, Layer, Option, Stream } from "effect"
import { decode, from, knowing, ndjson, onLogins } from "./importing.ts"
import { memory } from "./inProcess.ts"

/** A repository that goes away, for this reason, with the login after `count`. */
const leavingAfter = (count: number, reason: SessionRepoError["reason"]) =>
  onLogins((nth, admit) =>
    nth <= count ? admit : Effect.fail(
      new SessionRepoError({ operation: "admit", reason, message: "It went away", cause: "test" })
    )
  )

/** Answers alice late, and is away for bob. */
const awayForBob = Layer.effect(
  SessionRepo,
  Effect.map(SessionRepo, (repo) => ({
    ...repo,
    admit: (candidate, rules) =>
      candidate.session.userId === "bob"
        ? Effect.fail(
          new SessionRepoError({ operation: "admit", reason: "Unavailable", message: "away", cause: "test" })
        )
        : Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 50 }), repo.admit(candidate, rules))
  }))
).pipe(Layer.provideMerge(memory))

it.live("create --from: a line that waited for one before it is not passed over when the database goes away", () =>
  Effect.gen(function*() {
    const cli = yield* knowing(["alice", "bob"], awayForBob)
    const { stdout } = yield* cli(from, ndjson(["alice", "alice", "alice", "bob"].map((userId) => ({ userId }))))
    const { created, failed, stoppedAt } = yield* decode(stdout)
    assert.deepStrictEqual([created, failed.map(({ line }) => line), stoppedAt], [1, [4], 2])
  }))

it.effect.each(
  ["Unavailable", "AccessDenied", "NotMigrated"] as const
)(
  "create --from: when the database goes away (%s) the rest is not tried, and the line is told",
  (reason) =>
    Effect.gen(function*() {
      const cli = yield* knowing(["alice"], leavingAfter(500, reason))
      const { exitCode, stderr, stdout } = yield* cli(
        from,
        ndjson(Array.from({ length: 5000 }, () => ({ userId: "alice" })))
      )
      const { created, failed, stoppedAt } = yield* decode(stdout)
      assert.deepStrictEqual([exitCode, created, stoppedAt], [1, 500, 501])
      assert.deepStrictEqual(failed, [{ line: 501, error: "It went away" }])
      assert.match(stderr, /^sojourn: Stopped at line 501.*$/)
    })
)

it.effect("create --from: when the database goes away the rest is not read", () =>
  Effect.gen(function*() {
    let read = 0
    const line = Stream.sync(() => {
      read += 1
      return Buffer.from("{\"userId\":\"alice\"}\n")
    })
    yield* makeImport(Option.none()).run(Stream.take(Stream.forever(line), 10_000))
    assert.isBelow(read, 1000)
  }).pipe(Effect.provide([leavingAfter(0, "Unavailable"), NodeServices.layer])))

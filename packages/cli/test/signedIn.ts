/** A command line on which users are signed in. */
import { CreateResult } from "@sojourn/cli/commands/create"
import { DateTime, Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeCli, parse } from "./inProcess.ts"

/** Alice may have five sessions and bob two; each is signed in so many times, from noon on 1 November 2026 on. */
export const signedIn = Effect.fnUntraced(function*(count: { readonly alice: number; readonly bob: number }) {
  yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-01T12:00:00Z")))
  const cli = yield* makeCli()
  yield* cli(["users", "put", "alice", "--tier", "plus"])
  yield* cli(["users", "put", "bob"])
  const signIn = (user: string, count: number) =>
    Effect.forEach(Array.from({ length: count }), () =>
      Effect.gen(function*() {
        const { stdout } = yield* cli(["create", user, "--ip", "8.8.8.8", "--user-agent", "x", "--json"])
        yield* TestClock.adjust("1 second")
        return yield* parse(CreateResult)(stdout)
      }))
  return { cli, alice: yield* signIn("alice", count.alice), bob: yield* signIn("bob", count.bob) }
})

/** The kinds and reasons of all events after the logins, oldest first. */
export const endings = Effect.fnUntraced(function*(cli: Effect.Success<ReturnType<typeof makeCli>>) {
  const { stdout } = yield* cli(["events", "--json"])
  return stdout.split("\n").map((line) => JSON.parse(line).event).filter(({ _tag }) => _tag !== "SessionCreated")
})

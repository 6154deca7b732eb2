/** What becomes of those who are sent one after the other when a statement fails. */
import { assert, it } from "@effect/vitest"
import type { SessionRepoError } from "@sojourn/core"
import { repoError } from "@sojourn/postgres/RepoError"
import * as Sending from "@sojourn/postgres/Sending"
import type { Waiting } from "@sojourn/postgres/Waiting"
import { Effect, Queue, Result } from "effect"

interface One extends Waiting<string> {
  readonly name: string
}

const failureOf = (code: string) => repoError("end")(Object.assign(new Error("refused"), { code }))

/** Sends groups of names; how each statement was sent, and what each name was told. */
const sending = Effect.fnUntraced(function*(
  groups: ReadonlyArray<ReadonlyArray<string>>,
  wait: boolean,
  failing: (names: ReadonlyArray<string>) => SessionRepoError | undefined
) {
  const statements: Array<string> = []
  const told: Record<string, Effect.Effect<string, SessionRepoError>> = {}
  const one = (name: string): One => ({
    name,
    cancelled: false,
    settle: (outcome) => {
      told[name] ??= outcome
    }
  })
  const send = Sending.make<string, never, One>(
    yield* Queue.unbounded<One>(),
    (group, waits) => {
      const names = group.map(({ name }) => name)
      statements.push(`${names.join("+")} ${waits ? "waits" : "at once"}`)
      const failure = failing(names)
      return failure === undefined ? Effect.succeed(names.map(Result.succeed)) : Effect.fail(failure)
    },
    (statement) => statement,
    () => Effect.die("nobody is busy")
  )
  yield* send(groups.map((group) => group.map(one)), wait)
  const failed = (yield* Effect.forEach(
    Object.entries(told),
    ([name, outcome]) => Effect.match(outcome, { onFailure: () => [name], onSuccess: () => [] })
  )).flat()
  return { statements, told: Object.keys(told), failed }
})

const names = ["ada", "bob", "cyd"]

// PostgreSQL's own statement timeout, and that of a lock.
it.effect.each(["57014", "55P03"])(
  "V12 a statement that PostgreSQL gives up (%s) fails for nobody but those in it",
  (code) =>
    Effect.gen(function*() {
      const { failed, statements, told } = yield* sending(
        names.map((name) => [name]),
        false,
        ([name]) => name === "ada" ? failureOf(code) : undefined
      )
      assert.deepStrictEqual(statements, ["ada at once", "bob at once", "cyd at once"])
      assert.deepStrictEqual(told, names)
      assert.deepStrictEqual(failed, ["ada"])
    })
)

it.effect.each(["57014", "55P03"])(
  "V12 those who wait for the same lock are told together when that is given up (%s)",
  (code) =>
    Effect.gen(function*() {
      const { failed, statements } = yield* sending(names.map((name) => [name]), true, () => failureOf(code))
      assert.deepStrictEqual(statements, ["ada waits"])
      assert.deepStrictEqual(failed, names)
    })
)

it.effect.each([[true, "waits"], [false, "at once"]] as const)(
  "C14 where one is refused, each is tried alone as all were (wait for the lock: %s)",
  ([wait, how]) =>
    Effect.gen(function*() {
      const { failed, statements } = yield* sending(
        [names],
        wait,
        (group) => group.includes("bob") ? failureOf("23505") : undefined
      )
      assert.deepStrictEqual(statements, ["ada+bob+cyd", ...names].map((group) => `${group} ${how}`))
      assert.deepStrictEqual(failed, ["bob"])
    })
)

/** Rows and sessions. */
import { assert, it } from "@effect/vitest"
import { SessionRepoError } from "@sojourn/core"
import { repoError } from "@sojourn/postgres/RepoError"
import { reading } from "@sojourn/postgres/Rows"
import { sessionOf, type SessionRow } from "@sojourn/postgres/SessionRow"
import { Generators } from "@sojourn/testing"
import { Effect } from "effect"
import { sessionToRow } from "./sessionToRow.ts"

// In the order of the columns, as the driver gives them.
const valuesOf = (row: object) => Object.values(row) as unknown as SessionRow

it.effect.prop(
  "P1 every session comes back from its row as it was",
  { session: Generators.session },
  ({ session }) => Effect.sync(() => assert.deepStrictEqual(sessionOf(valuesOf(sessionToRow(session))), session))
)

/** As a newer version, or somebody by hand, may have left it. */
const foreign: ReadonlyArray<readonly [keyof ReturnType<typeof sessionToRow>, unknown]> = [
  ["id", 7],
  ["device", ["Chrome", "a kind that is not known yet"]],
  ["device", { name: "Chrome" }],
  ["location", [null]],
  ["created_at", "yesterday"],
  ["trusted", null],
  ["suspicious_activity_count", "many"]
]

it.effect.prop(
  "P1 a row that cannot be read is told as such, not thrown",
  { session: Generators.session },
  ({ session }) =>
    Effect.forEach(foreign, ([name, value]) =>
      Effect.gen(function*() {
        const row = valuesOf({ ...sessionToRow(session), [name]: value })
        const error = yield* Effect.flip(Effect.mapError(reading(() => sessionOf(row)), repoError("find")))
        assert.instanceOf(error, SessionRepoError)
        assert.strictEqual(error.reason, "InvalidData")
        assert.include(error.message, "cannot be read")
      }), { discard: true }),
  { arbitrary: { runs: 10 } }
)

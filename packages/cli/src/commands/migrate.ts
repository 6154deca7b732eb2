/** `sojourn migrate`: brings the database to what this version needs. */
import { Effect, Layer, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed, misuse } from "../failure.ts"
import { database as place, isMade, server } from "../layers.ts"
import { switchFlag } from "../options.ts"
import { counted, print } from "../output.ts"

/** The migrations that were run now. */
export const MigrateResult = Schema.Struct({ applied: Schema.Array(Schema.String) })

/** The migrations that are missing. */
export const CheckResult = Schema.Struct({ pending: Schema.Array(Schema.String) })

/** To look is to leave no trace: where there is no embedded database yet, a new one in memory has the answer. */
const embedded = Effect.fnUntraced(function*(directory: string, check: boolean) {
  const { EmbeddedDatabase } = yield* Effect.promise(() => import("@sojourn/postgres"))
  return EmbeddedDatabase.layer({ dataDir: check && !(yield* isMade(directory)) ? undefined : directory })
})

const database = (check: boolean) =>
  Layer.unwrap(Effect.gen(function*() {
    const { directory, url } = yield* place
    return url === undefined ? yield* embedded(directory, check) : yield* server(url, { statementTimeout: "none" })
  }))

const run = Effect.fnUntraced(function*(limitQuery: string | undefined) {
  const { Migrations } = yield* Effect.promise(() => import("@sojourn/postgres"))
  const applied = yield* Migrations.run({ limitQuery })
  yield* print(MigrateResult)(
    { applied },
    ({ green }) => [
      ...applied.map((name) => `Ran ${name}`),
      ...(limitQuery === undefined ? [] : ["Limits are found by the query given"]),
      green(applied.length === 0 ? "The database is up to date" : `Ran ${counted(applied.length, "migration")}`)
    ]
  )
})

const check = Effect.gen(function*() {
  const { Migrations } = yield* Effect.promise(() => import("@sojourn/postgres"))
  const pending = yield* Migrations.pending()
  yield* print(CheckResult)({ pending }, ({ green, yellow }) =>
    pending.length === 0
      ? [green("The database is up to date")]
      : [...pending.map((name) => `Missing ${name}`), yellow(`${counted(pending.length, "migration")} missing`)])
  if (pending.length > 0) return yield* new Failed({ exitCode: 1 })
})

export const migrate = Command.make(
  "migrate",
  {
    limitQuery: Flag.String("limit-query").pipe(
      Flag.optional,
      Flag.withMetavar("sql"),
      Flag.withDescription(
        "Where the limit of a user is found, for an application with users of its own, such as " +
          "\"SELECT max_devices FROM app.users WHERE id = $1::uuid\"; it stays until another one is given"
      )
    ),
    check: switchFlag("check", "Change nothing; tell what is missing, and exit with 1 if anything is")
  },
  (input) => input.check ? check : run(Option.getOrUndefined(input.limitQuery))
).pipe(
  Command.provide((input) => database(input.check)),
  Command.provideEffectDiscard(({ check, limitQuery }) =>
    check && Option.isSome(limitQuery)
      ? misuse(["migrate"], "Give --check or --limit-query, not both")
      : Effect.void
  ),
  Command.withShortDescription("Run the missing migrations"),
  Command.withDescription(
    "Run the migrations that the database lacks. Only adds, never drops; may run in any number of processes at once. " +
      "The other commands never migrate a server, and always migrate the embedded database."
  ),
  Command.withExamples([
    { command: "sojourn migrate --database-url postgres://localhost/app", description: "Prepare a server" },
    { command: "sojourn migrate --check", description: "In a deployment: is anything missing?" }
  ])
)

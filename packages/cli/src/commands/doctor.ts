/** `sojourn doctor`: what is wrong, and how to mend it. */
import { Effect, Option, Schema } from "effect"
import { Command } from "effect/cli"
import { locationDatabaseSetting, redisPrefix } from "sojourn/Settings"
import { examineDatabase } from "../examine/database.ts"
import { Finding, found } from "../examine/Finding.ts"
import { examinePlaces } from "../examine/places.ts"
import { examineRedis } from "../examine/redis.ts"
import { Failed } from "../failure.ts"
import { database as place, isMade, server } from "../layers.ts"
import { RedisUrl } from "../options.ts"
import { counted, print, type Style } from "../output.ts"

/** All that was examined, in the order in which one thing needs the other. `healthy`: nothing has failed. */
export const DoctorResult = Schema.Struct({ healthy: Schema.Boolean, findings: Schema.Array(Finding) })

/** To look is to make nothing: one that is there can only be looked at by opening it. */
const embedded = Effect.fnUntraced(function*(directory: string) {
  if (!(yield* isMade(directory))) {
    return [
      found("database", "skipped", `There is no embedded database in ${directory} yet; the first command makes it`)
    ]
  }
  const { EmbeddedDatabase } = yield* Effect.promise(() => import("@sojourn/postgres"))
  return yield* examineDatabase(EmbeddedDatabase.layer({ dataDir: directory }))
})

const ofRedis = Effect.gen(function*() {
  const redis = yield* RedisUrl
  return Option.isSome(redis)
    ? yield* examineRedis(redis.value.value, yield* redisPrefix)
    : found("redis", "skipped", "Not in use; processes cache sessions each for itself")
})

const paint = (style: Style, { check, message, state }: Finding) => {
  const word = {
    ok: style.green("ok      "),
    warning: style.yellow("warning "),
    failed: style.bold("FAILED  "),
    skipped: style.dim("skipped ")
  }
  return `${word[state]} ${style.bold(check)}: ${message}`
}

const verdict = (style: Style, findings: ReadonlyArray<Finding>) => {
  const count = (wanted: Finding["state"]) => findings.filter(({ state }) => state === wanted).length
  return count("failed") > 0
    ? style.bold(`${counted(count("failed"), "thing")} to mend`)
    : count("warning") > 0
    ? style.yellow(`Works, with ${counted(count("warning"), "warning")}`)
    : style.green("All is well")
}

export const doctor = Command.make(
  "doctor",
  {},
  Effect.fnUntraced(function*() {
    const { directory, url } = yield* place
    const findings = [
      ...(url === undefined
        ? yield* embedded(directory)
        : [...yield* examineDatabase(yield* server(url)), yield* ofRedis]),
      yield* examinePlaces(yield* locationDatabaseSetting)
    ]
    const healthy = findings.every(({ state }) => state !== "failed")
    yield* print(DoctorResult)(
      { healthy, findings },
      (style) => [...findings.map((each) => paint(style, each)), verdict(style, findings)]
    )
    if (!healthy) return yield* new Failed({ exitCode: 1 })
  })
).pipe(
  Command.withShortDescription("Tell what is wrong, and how to mend it"),
  Command.withDescription(
    "Examine the database, its migrations, permissions and clock, whether somebody sweeps, every relay, Redis, and where " +
      "places come from; tell of each how it stands, and how to mend what is wrong. Exits with 1 when something has " +
      "failed. Changes no data: Redis gets a key that is gone after a second; an embedded database is opened and closed, " +
      "as by any command, so that others have to wait, and is not made if it is not there."
  ),
  Command.withExamples([
    { command: "sojourn doctor", description: "Before asking somebody else" },
    { command: "sojourn doctor --json", description: "For a monitor" }
  ])
)

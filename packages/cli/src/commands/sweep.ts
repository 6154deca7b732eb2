/** `sojourn sweep`: ends what is due, and deletes what is old. */
import { sweepSessions } from "@sojourn/core"
import { Effect, Schema } from "effect"
import { Command } from "effect/cli"
import { counted, print } from "../output.ts"

/** How many sessions were ended, and how many old sessions and events were deleted. */
export const SweepResult = Schema.Struct({
  ended: Schema.Int,
  purgedSessions: Schema.Int,
  purgedEvents: Schema.Int
})

export const sweep = Command.make(
  "sweep",
  {},
  Effect.fnUntraced(function*() {
    const result = yield* sweepSessions()
    yield* print(SweepResult)(result, () => [
      `Ended ${counted(result.ended, "session")} that had expired or gone idle`,
      `Deleted ${counted(result.purgedSessions, "old session")} and ${counted(result.purgedEvents, "old event")}`
    ])
  })
).pipe(
  Command.withShortDescription("End what has expired, delete what is old"),
  Command.withDescription(
    "End the sessions that have expired or gone idle, each with its event; delete sessions that have been over for 90 " +
      "days and events older than 365 days. Running applications do so by themselves; this command is for those that " +
      "do not. It may be stopped and run again at any time, also by several at once."
  ),
  Command.withExamples([{ command: "sojourn sweep --json", description: "From a timer, such as cron" }])
)

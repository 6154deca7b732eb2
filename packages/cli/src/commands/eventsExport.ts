/** `sojourn events export`: the audit log as a file, one JSON document a line. */
import { type LoggedEvent, readEvents } from "@sojourn/core"
import { Console, DateTime, Effect, Option, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { IsoTimeOrDay } from "../isoTime.ts"
import { decodedFlag } from "../options.ts"
import { openOutput, type OutputFile, writeFile } from "../outputFile.ts"
import * as Progress from "../progress.ts"
import { writeLines } from "../standardOutput.ts"
import { eventJson, rangeFlags, toRange } from "./events.ts"

const time = (name: string, description: string) =>
  decodedFlag(name, IsoTimeOrDay, "a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31").pipe(
    Flag.optional,
    Flag.withMetavar("time"),
    Flag.withDescription(description)
  )

type Bound = Option.Option<DateTime.Utc>

const isWithin = (since: Bound, until: Bound) => ({ event: { at } }: LoggedEvent) =>
  Option.getOrElse(Option.map(since, (since) => DateTime.isGreaterThanOrEqualTo(at, since)), () => true) &&
  Option.getOrElse(Option.map(until, (until) => DateTime.isLessThan(at, until)), () => true)

export const eventsExport = Command.make(
  "export",
  {
    ...rangeFlags,
    since: time("since", "Only events from this time on; a day begins at midnight UTC"),
    until: time("until", "Only events from before this time"),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.mapEffect((name) => name === "-" ? Effect.succeedNone : Effect.asSome(openOutput(name))),
      Flag.withDefault(Option.none()),
      Flag.withMetavar("file"),
      Flag.withDescription("The file to write, once all of it is there; by default, and with -, standard output")
    )
  },
  Effect.fnUntraced(function*({ output, since, until, ...input }) {
    let count = 0
    const lines = readEvents(toRange(input)).pipe(
      Stream.filter(isWithin(since, until)),
      Stream.mapArrayEffect((events) => {
        count += events.length
        return Effect.forEach(events, eventJson)
      })
    )
    const toFile = (file: OutputFile) => writeFile(file)(Stream.mapArray(lines, (lines) => [`${lines.join("\n")}\n`]))
    const write = Effect.gen(function*() {
      if (Option.isSome(output)) yield* toFile(output.value)
      else yield* writeLines(lines)
    })
    const done = Option.match(output, { onNone: () => "exported", onSome: ({ path }) => `exported to ${path}` })
    // On a terminal that shows the lines themselves, a bar would be drawn between them.
    const stdio = yield* Stdio.Stdio
    if (Option.isNone(output) && (yield* stdio.stdoutIsTerminal)) {
      yield* write
      return yield* Console.error(`${Progress.grouped(count)} ${done}`)
    }
    yield* Progress.shown(() => ({ share: Option.none(), count, done, more: [] }))(write)
  })
).pipe(
  Command.withShortDescription("Write the audit log to a file or standard output"),
  Command.withDescription(
    "Write the audit log: who did what to which session, when and from where, in order, one JSON document a line " +
      "({ \"position\", \"version\", \"event\" }), whether --json is given or not. Events are kept for 365 days. " +
      "A file is written completely or not at all: what is in its place before is replaced at the end. A new one may " +
      "be read by its owner only. How many were written is told on standard error."
  ),
  Command.withExamples([
    { command: "sojourn events export --output audit.ndjson", description: "All there is, to a file" },
    {
      command: "sojourn events export --user alice --since 2026-11-01 | gzip > alice.ndjson.gz",
      description: "What concerns alice since the first of November, compressed"
    }
  ])
)

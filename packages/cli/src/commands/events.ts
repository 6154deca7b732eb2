/** `sojourn events`: what happened, in order. */
import { EventLog, type LoggedEvent, SessionEvent, type UserId } from "@sojourn/core"
import { Console, Effect, Option, Schema, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { countFlag, Json, parseUserId } from "../options.ts"
import { formatTime, type Style, style, toJson } from "../output.ts"

/** An event in its wire form, with its place in the log. */
export const EventLine = Schema.Struct({ position: Schema.Int, version: Schema.Literal(1), event: SessionEvent })

const encode = toJson(EventLine)

/** An event as one line of JSON. */
export const eventJson = ({ event, position }: LoggedEvent) => encode({ position, version: 1, event })

const named = (value: Option.Option<{ readonly name: string }>) => Option.toArray(Option.map(value, ({ name }) => name))

const details = (event: SessionEvent): ReadonlyArray<string> => [
  ...("sessionId" in event ? [event.sessionId] : []),
  ...("device" in event ? named(event.device) : []),
  ...("location" in event ? named(event.location) : []),
  ...("reason" in event ? [event.reason] : []),
  ...("count" in event ? [`count ${event.count}`] : [])
]

/** An event as one line for people. */
export const eventText = ({ bold, dim }: Style, { event, position }: LoggedEvent): string =>
  [
    dim(String(position).padStart(4)),
    dim(formatTime(event.at)),
    bold(event._tag.padEnd(14)),
    event.userId,
    details(event).join(", ")
  ].join("  ")

const pageSize = 500

/** The events after a position, to the end of the log, read page by page as they are asked for. */
export const readEvents = (after: number, userId: Option.Option<UserId>) =>
  Stream.paginate(
    after,
    (position) =>
      EventLog.use((log) => log.read({ after: position, limit: pageSize, userId })).pipe(
        Effect.map((page) =>
          [
            page,
            page.length < pageSize ? Option.none() : Option.map(Option.fromUndefinedOr(page.at(-1)), last)
          ] as const
        )
      )
  )

const last = ({ position }: LoggedEvent) => position

export const events = Command.make(
  "events",
  {
    after: countFlag("after", 0, Number.MAX_SAFE_INTEGER).pipe(
      Flag.withDefault(0),
      Flag.withMetavar("position"),
      Flag.withDescription("Only events after this position")
    ),
    user: Flag.String("user").pipe(
      Flag.mapEffect(parseUserId),
      Flag.optional,
      Flag.withMetavar("user-id"),
      Flag.withDescription("Only what concerns this user")
    ),
    limit: countFlag("limit", 1, 1_000_000_000).pipe(
      Flag.optional,
      Flag.withMetavar("count"),
      Flag.withDescription("At most so many, by default all")
    )
  },
  Effect.fnUntraced(function*({ after, limit, user }) {
    const json = yield* Json
    const applied = yield* style
    yield* readEvents(after, user).pipe(
      Stream.take(Option.getOrElse(limit, () => Number.POSITIVE_INFINITY)),
      Stream.mapEffect((event) => json ? eventJson(event) : Effect.succeed(eventText(applied, event))),
      Stream.runForEach((line) => Console.log(line))
    )
  })
).pipe(
  Command.withShortDescription("Show what happened, one event a line"),
  Command.withDescription(
    "Show what happened, in order, one event a line; with --json, one JSON document a line. " +
      "To read on later, give the position of the last event that was read."
  ),
  Command.withExamples([
    { command: "sojourn events --user alice", description: "What happened to the sessions of alice" },
    { command: "sojourn events --after 1200 --json", description: "What came after position 1200, as JSON" }
  ])
)

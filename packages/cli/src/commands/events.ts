/** `sojourn events`: what happened, in order. */
import {
  type EventLog,
  type EventLogError,
  type EventRange,
  followEvents,
  type LoggedEvent,
  readEvents,
  SessionEvent
} from "@sojourn/core"
import { Data, Effect, Option, Schema, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { countFlag, Json, parseSessionId, parseUserId, switchFlag } from "../options.ts"
import { formatTime, type Style, style, toJson } from "../output.ts"
import { writeLines } from "../standardOutput.ts"

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

/** Which events a command is about. */
export const rangeFlags = {
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
  session: Flag.String("session").pipe(
    Flag.mapEffect(parseSessionId),
    Flag.optional,
    Flag.withMetavar("session-id"),
    Flag.withDescription("Only what happened to this session")
  )
}

/** The part of the log that the flags name. */
export const toRange = ({ after, session, user }: {
  readonly after: number
  readonly user: EventRange["userId"]
  readonly session: Exclude<EventRange["sessionId"], undefined>
}): EventRange => ({ after, userId: user, sessionId: session })

/** The log could not be read on; what was printed up to this position is complete. */
export class FollowStopped extends Data.TaggedError("FollowStopped")<{ readonly message: string }> {}

/** Goes on for good. When the log fails, the error says how to go on after what was read. */
const follow = (range: EventRange) => {
  let { after } = range
  const stopped = ({ message }: EventLogError) =>
    new FollowStopped({ message: `${message}; to go on where this stopped, give --after ${after}` })
  return followEvents(range).pipe(
    Stream.mapError(stopped),
    Stream.mapArray((page) => {
      after = page.at(-1)?.position ?? after
      return page
    })
  )
}

export const events = Command.make(
  "events",
  {
    ...rangeFlags,
    limit: countFlag("limit", 1, 1_000_000_000).pipe(
      Flag.optional,
      Flag.withMetavar("count"),
      Flag.withDescription("At most so many, by default all")
    ),
    follow: switchFlag("follow", "At the end of the log, wait for more, until interrupted").pipe(Flag.withAlias("f"))
  },
  Effect.fnUntraced(function*({ limit, ...input }) {
    const json = yield* Json
    const applied = yield* style
    const range = toRange(input)
    const found: Stream.Stream<LoggedEvent, EventLogError | FollowStopped, EventLog> = input.follow
      ? follow(range)
      : readEvents(range)
    yield* found.pipe(
      Stream.take(Option.getOrElse(limit, () => Number.POSITIVE_INFINITY)),
      Stream.mapArrayEffect((events) =>
        Effect.forEach(events, (event) => json ? eventJson(event) : Effect.succeed(eventText(applied, event)))
      ),
      writeLines
    )
  })
).pipe(
  Command.withShortDescription("Show what happened, one event a line"),
  Command.withDescription(
    "Show what happened, in order, one event a line; with --json, one JSON document a line. " +
      "To read on later, give the position of the last event that was read. " +
      "With --follow, what comes later is shown, too, a quarter of a second after its commit; it goes on until it is " +
      "interrupted (exit code 130), or has nobody left to write to when the next event comes. " +
      "An embedded database is in use by one process at a time, so nothing can happen in it meanwhile."
  ),
  Command.withExamples([
    { command: "sojourn events --user alice", description: "What happened to the sessions of alice" },
    { command: "sojourn events --after 1200 --json", description: "What came after position 1200, as JSON" },
    {
      command: "sojourn events --session 019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d",
      description: "The life of one session"
    },
    { command: "sojourn events --follow --database-url postgres://localhost/app", description: "Watch it happen" }
  ])
)

/** `sojourn list`: where a user is signed in. */
import { EndReason, Instant, type ListedSession, ListSessions, listSessions, SessionId } from "@sojourn/core"
import { type DateTime, Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { countFlag, switchFlag, userId } from "../options.ts"
import { formatTime, print, type Style, table } from "../output.ts"

const nullable = Schema.NullOr(Schema.String)

/** A session without any secret. What is not known is null. */
export const ListItem = Schema.Struct({
  sessionId: SessionId,
  deviceInfo: nullable,
  location: nullable,
  ipAddress: nullable,
  createdAt: Instant,
  lastActivityAt: Instant,
  expiresAt: Instant,
  active: Schema.Boolean,
  endedAt: Schema.NullOr(Instant),
  endedReason: Schema.NullOr(EndReason),
  trusted: Schema.Boolean
})

/** The newest sessions first; `total` and `active` count all of the user's sessions. */
export const ListResult = Schema.Struct({
  sessions: Schema.Array(ListItem),
  total: Schema.Int,
  active: Schema.Int
})

/** A session as lists show it. */
export const toItem = ({ active, session }: Pick<ListedSession, "session" | "active">): typeof ListItem.Type => ({
  sessionId: session.id,
  deviceInfo: Option.getOrNull(Option.map(session.device, ({ name }) => name)),
  location: Option.getOrNull(Option.map(session.location, ({ name }) => name)),
  ipAddress: Option.getOrNull(session.ipAddress),
  createdAt: session.createdAt,
  lastActivityAt: session.lastActivityAt,
  expiresAt: session.expiresAt,
  active,
  endedAt: Option.getOrNull(Option.map(session.end, ({ at }) => at)),
  endedReason: Option.getOrNull(Option.map(session.end, ({ reason }) => reason)),
  trusted: session.trusted
})

/** What is not known, in words. */
export const known = (text: string | null) => text ?? "unknown"

/** Whether a session is active, or why not. */
export const state = (item: typeof ListItem.Type) =>
  item.active
    ? "active"
    : item.endedReason !== null
    ? `ended: ${item.endedReason}`
    : "expired or idle"

/** Sessions as a table for people. */
export const sessionTable = (style: Style, items: ReadonlyArray<typeof ListItem.Type>): ReadonlyArray<string> =>
  table(
    style,
    ["SESSION", "DEVICE", "PLACE", "ADDRESS", "SIGNED IN", "EXPIRES", "STATE"],
    items.map((item) => [
      item.sessionId,
      known(item.deviceInfo),
      known(item.location),
      known(item.ipAddress),
      ...[item.createdAt, item.expiresAt].map((at: DateTime.Utc) => formatTime(at)),
      state(item) + (item.trusted ? ", trusted" : "")
    ])
  )

const maximum = 1000

export const list = Command.make(
  "list",
  {
    userId,
    all: switchFlag("all", "Sessions that are over, too").pipe(Flag.withAlias("a")),
    limit: countFlag("limit", 1, maximum).pipe(
      Flag.withDefault(100),
      Flag.withMetavar("count"),
      Flag.withDescription(`At most so many, the newest ones: 1 to ${maximum}, by default 100`)
    )
  },
  Effect.fnUntraced(function*({ all, limit, userId }) {
    const listed = yield* listSessions(ListSessions.make({ userId, all, limit }))
    const sessions = listed.sessions.map(toItem)
    const { active, total } = listed
    yield* print(ListResult)({ sessions, total, active }, (style) => [
      ...(sessions.length === 0 ? [] : sessionTable(style, sessions)),
      style.dim(
        `${active} active of ${total} in all` +
          (sessions.length < (all ? total : active) ? `; the newest ${sessions.length} are shown, see --limit` : "")
      )
    ])
  })
).pipe(
  Command.withShortDescription("Show where a user is signed in"),
  Command.withDescription(
    "Show where a user is signed in, the newest session first. A user who is not known has none."
  ),
  Command.withExamples([
    { command: "sojourn list alice", description: "The active sessions of alice" },
    { command: "sojourn list alice --all --json", description: "Ended and expired ones too, as JSON" }
  ])
)

/** `sojourn show`: one session, whatever state it is in. */
import { Actor, SessionId, SessionNotFound, SessionRepo, Span, UserId } from "@sojourn/core"
import { DateTime, Duration, Effect, Option, Schema } from "effect"
import { Command } from "effect/cli"
import { sessionId } from "../options.ts"
import { formatTime, print } from "../output.ts"
import { known, ListItem, state, toItem } from "./list.ts"

/**
 * A session without any secret. What is not known is null. `idleTimeout` in milliseconds; null: it never ends for lack
 * of activity.
 */
export const ShowResult = Schema.Struct({
  ...ListItem.fields,
  userId: UserId,
  lastIpAddress: Schema.NullOr(Schema.String),
  userAgent: Schema.NullOr(Schema.String),
  idleTimeout: Schema.NullOr(Span),
  suspiciousActivityCount: Schema.Int,
  endedBy: Schema.NullOr(Actor)
})
type ShowResult = typeof ShowResult.Type

const look = Effect.fnUntraced(function*(sessionId: SessionId) {
  const repo = yield* SessionRepo
  const session = yield* Effect.flatMap(repo.find(sessionId), Effect.fromOption).pipe(
    Effect.catchTag("NoSuchElementError", () => Effect.fail(new SessionNotFound({ sessionId })))
  )
  const result: ShowResult = {
    ...toItem({ session, active: session.isActive(yield* DateTime.now) }),
    userId: session.userId,
    lastIpAddress: Option.getOrNull(session.lastIpAddress),
    userAgent: Option.getOrNull(session.userAgent),
    idleTimeout: Option.getOrNull(session.idleTimeout),
    suspiciousActivityCount: session.suspiciousActivityCount,
    endedBy: Option.getOrNull(Option.map(session.end, ({ actor }) => actor))
  }
  return result
})

const actorText = ({ id, kind }: Actor) =>
  Option.match(id, { onNone: () => `the ${kind}`, onSome: (id) => `${kind} ${id}` })

const rows = (session: ShowResult): ReadonlyArray<readonly [string, string]> => [
  ["Session", session.sessionId],
  ["User", session.userId],
  ["State", state(session)],
  ...(session.endedAt === null ? [] : [["Ended", formatTime(session.endedAt)] as const]),
  ...(session.endedBy === null ? [] : [["Ended by", actorText(session.endedBy)] as const]),
  ["Device", known(session.deviceInfo) + (session.trusted ? ", trusted" : "")],
  ["User agent", known(session.userAgent)],
  ["Place", known(session.location)],
  ["Address", known(session.ipAddress)],
  ["Last address", known(session.lastIpAddress)],
  ["Signed in", formatTime(session.createdAt)],
  ["Last used", formatTime(session.lastActivityAt)],
  ["Expires", formatTime(session.expiresAt)],
  ["Idle after", session.idleTimeout === null ? "never" : Duration.format(session.idleTimeout)],
  ["Suspicions", String(session.suspiciousActivityCount)]
]

export const show = Command.make(
  "show",
  { sessionId },
  Effect.fnUntraced(function*({ sessionId }) {
    const session = yield* look(sessionId)
    yield* print(ShowResult)(
      session,
      ({ dim }) => rows(session).map(([name, value]) => `${dim(name.padEnd(12))}  ${value}`)
    )
  })
).pipe(
  Command.withShortDescription("Show all there is to know of one session"),
  Command.withDescription("Show all there is to know of one session, active or over; never its token."),
  Command.withExamples([
    { command: "sojourn show 019a3f5e-7c00-7a1b-8c2d-3e4f5a6b7c8d", description: "Who ended it, when and why?" }
  ])
)

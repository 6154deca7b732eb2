/** Port: every event that was ever committed, in order. */
import { Context, type DateTime, Effect, type Option, Schema } from "effect"
import { SessionEvent } from "./SessionEvent.ts"
import type { SessionId } from "./SessionId.ts"
import { storeErrorFields } from "./StoreError.ts"
import type { UserId } from "./User.ts"

/** The event log failed. */
export class EventLogError extends Schema.TaggedError<EventLogError>()("EventLogError", storeErrorFields) {}

/** An event and its place in the log. Positions rise but are not without gaps. */
export class LoggedEvent extends Schema.Class<LoggedEvent>("@sojourn/core/LoggedEvent")({
  /** From 1, in the order of the log. To read on behind this event, give it as `after`. */
  position: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)),
  /** What happened; `_tag` says which event it is. */
  event: SessionEvent
}) {}

/** Which part of the log to read. */
export interface EventQuery {
  /** The position of the last event that was read, whole; 0 for the beginning. */
  readonly after: number
  /** At most so many, whole: from 0 (none) to 2,147,483,647. All else fails with `EventLogError`, reason `InvalidData`. */
  readonly limit: number
  /** Only what concerns this user. Default: everybody. */
  readonly userId?: Option.Option<UserId> | undefined
  /** Only what happened to this session. Default: to any. */
  readonly sessionId?: Option.Option<SessionId> | undefined
}

const mostAtOnce = 2_147_483_647

const refused = (message: string) =>
  Effect.fail(new EventLogError({ operation: "read", reason: "InvalidData", message, cause: undefined }))

/** Fails for a query that cannot be meant, in the same words whichever the store is: each calls it before it reads. */
export const checkEventQuery = ({ after, limit }: EventQuery): Effect.Effect<void, EventLogError> =>
  !Number.isSafeInteger(after)
    ? refused(`Events are read after a position, which is a whole number; ${after} was given`)
    : !Number.isInteger(limit) || limit < 0 || limit > mostAtOnce
    ? refused(
      `At most ${mostAtOnce} events are read at once; give a whole number from 0 to that as limit, not ${limit}`
    )
    : Effect.void

/** Written in the same commit as the change that an event tells of, by the `SessionRepo`. */
export class EventLog extends Context.Service<EventLog, {
  /**
   * The next events, in order. Reading on from the last position misses nothing: events that could still be overtaken
   * by a commit under way are held back until it is over.
   */
  readonly read: (query: EventQuery) => Effect.Effect<ReadonlyArray<LoggedEvent>, EventLogError>
  /**
   * Deletes events from before this time, the oldest first: `limit` of them or one more, or all if those are fewer. Gives how
   * many went.
   */
  readonly purge: (before: DateTime.Utc, limit: number) => Effect.Effect<number, EventLogError>
}>()("@sojourn/core/EventLog") {}

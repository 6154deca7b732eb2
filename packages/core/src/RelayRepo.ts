/** Port: how far each relay has come, and who runs it. */
import { Context, type Duration, type Effect, type Option, Schema } from "effect"
import { EventId } from "./EventId.ts"
import { Instant } from "./Instant.ts"
import { optional } from "./Optional.ts"
import { storeErrorFields } from "./StoreError.ts"

/** The name of a relay: 1 to 64 ASCII letters, digits and `._:-`. */
export const RelayName = Schema.String.check(
  Schema.isPattern(/^[\w.:-]{1,64}$/, { expected: "1 to 64 letters, digits and ._:-" })
).pipe(Schema.brand("@sojourn/core/RelayName"))
export type RelayName = typeof RelayName.Type

/** The store of the relays' positions failed. */
export class RelayError extends Schema.TaggedError<RelayError>()("RelayError", storeErrorFields) {}

/** One run of a relay in one process. */
export interface RelayHolder {
  readonly name: RelayName
  /** A UUID of this run. */
  readonly holder: string
}

/** The last position that was delivered, and the last one of the log, to tell how far behind the relay is. */
export interface RelayProgress {
  readonly position: number
  readonly head: number
}

/** An event that was not delivered, because the receiver rejected it time and again. */
export class SetAside extends Schema.Class<SetAside>("@sojourn/core/SetAside")({
  position: Schema.Int,
  eventId: EventId,
  /** What the receiver said last. */
  message: Schema.String,
  at: Instant
}) {}

/** A relay as it stands. `heldUntil`: a process runs it, and has said so until then. */
export class RelayStatus extends Schema.Class<RelayStatus>("@sojourn/core/RelayStatus")({
  name: RelayName,
  position: Schema.Int,
  head: Schema.Int,
  heldUntil: optional(Instant),
  setAside: Schema.Int
}) {}

/**
 * A relay is held by at most one process at a time, for a lease that it prolongs while it lives. The lease is measured by
 * the store's clock, so that the clocks of the processes need not agree. Whoever lost it can move nothing any more.
 */
export class RelayRepo extends Context.Service<RelayRepo, {
  /**
   * Takes the relay for the lease, or prolongs it; none while another holds it. A relay that is new begins at the
   * `beginning` of the log or at its `end`.
   */
  readonly hold: (
    run: RelayHolder,
    lease: Duration.Duration,
    from: "beginning" | "end"
  ) => Effect.Effect<Option.Option<RelayProgress>, RelayError>
  /** Everything up to this position is delivered, or set aside. False, and nothing is changed: another holds it now. */
  readonly advance: (
    run: RelayHolder,
    position: number,
    setAside: Option.Option<SetAside>
  ) => Effect.Effect<boolean, RelayError>
  /** Lets another take it at once. */
  readonly release: (run: RelayHolder) => Effect.Effect<void, RelayError>
  /** All relays, by name. */
  readonly list: Effect.Effect<ReadonlyArray<RelayStatus>, RelayError>
  /** What the relay has set aside, by position. */
  readonly setAside: (name: RelayName, limit: number) => Effect.Effect<ReadonlyArray<SetAside>, RelayError>
  /** Forgets that this event was set aside: it was delivered after all. */
  readonly settle: (name: RelayName, position: number) => Effect.Effect<void, RelayError>
}>()("@sojourn/core/RelayRepo") {}

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
  /** Which relay it runs. */
  readonly name: RelayName
  /** A UUID of this run. */
  readonly holder: string
}

/** How far a relay has come. */
export interface RelayProgress {
  /** The last position that was delivered or set aside; 0 before the first. */
  readonly position: number
  /** The last position of the log: how far behind the relay is. */
  readonly head: number
}

/** An event that was not delivered, because the receiver rejected it time and again. */
export class SetAside extends Schema.Class<SetAside>("@sojourn/core/SetAside")({
  /** Its place in the event log, by which `settle` forgets it. */
  position: Schema.Int,
  /** The event's own, to tell whether the log still has it. */
  eventId: EventId,
  /** What the receiver said last. */
  message: Schema.String,
  /** When it was set aside. */
  at: Instant
}) {}

/** A relay as it stands. */
export class RelayStatus extends Schema.Class<RelayStatus>("@sojourn/core/RelayStatus")({
  /** As it was given to `layerRelay`. */
  name: RelayName,
  /** The last position that was delivered or set aside; 0 before the first. */
  position: Schema.Int,
  /** The last position of the log: the relay is `head - position` behind. */
  head: Schema.Int,
  /** A process runs it, and has said so until then. None: no process runs it now. */
  heldUntil: optional(Instant),
  /** How many events wait to be delivered by `redeliver`. */
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

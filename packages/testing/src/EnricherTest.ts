/** Enrichers that remember what they were asked and answer as a test wants: with a value, an error, a defect, never. */
import {
  type ClientHints,
  type Device,
  DeviceEnricher,
  EnrichmentError,
  type Location,
  LocationEnricher
} from "@sojourn/core"
import { Effect, Layer, type Option } from "effect"

/** What an enricher does when it is asked. */
export type Answer<A> = Effect.Effect<Option.Option<A>, EnrichmentError>

/** Answers with this. */
export const known = <A>(value: A): Answer<A> => Effect.succeedSome(value)
/** Answers that nothing is known. */
export const unknown: Answer<never> = Effect.succeedNone
/** Fails, as a database that cannot be read does. */
export const failing: Answer<never> = Effect.fail(
  new EnrichmentError({ message: "The enricher is out of order", cause: "EnricherTest.failing" })
)
/** Dies of a bug. */
export const defective: Answer<never> = Effect.die("EnricherTest.defective")
/** Never answers. */
export const hanging: Answer<never> = Effect.never

/** What a device enricher was asked. */
export interface AskedForDevice {
  readonly userAgent: string
  readonly hints: ClientHints
}

/** An enricher, and what it was asked so far. */
export interface Recording<Asked, Enricher> {
  readonly asked: ReadonlyArray<Asked>
  readonly layer: Layer.Layer<Enricher>
}

/** A `DeviceEnricher` that answers so, and records what it was asked. */
export const device = (answer: Answer<Device>): Recording<AskedForDevice, DeviceEnricher> => {
  const asked: Array<AskedForDevice> = []
  const enrich = (userAgent: string, hints: ClientHints) =>
    Effect.suspend(() => {
      asked.push({ userAgent, hints })
      return answer
    })
  return { asked, layer: Layer.succeed(DeviceEnricher, { enrich }) }
}

/** A `LocationEnricher` that answers so, and records the addresses that it was asked for. */
export const location = (answer: Answer<Location>): Recording<string, LocationEnricher> => {
  const asked: Array<string> = []
  const enrich = (ipAddress: string) =>
    Effect.suspend(() => {
      asked.push(ipAddress)
      return answer
    })
  return { asked, layer: Layer.succeed(LocationEnricher, { enrich }) }
}

/** The behaviour that every `EventLog` must show, together with the `SessionRepo` that writes it. */
import { it } from "@effect/vitest"
import type { EventLog, SessionRepo, UserRepo } from "@sojourn/core"
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { eventLimitCases } from "./internal/eventLimitCases.ts"
import { eventPurgeCases } from "./internal/eventPurgeCases.ts"
import { eventReadCases } from "./internal/eventReadCases.ts"
import type { Options } from "./SessionRepoSuite.ts"

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | UserRepo | EventLog, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `EventLog (${name})`,
    (it) => {
      eventReadCases(it)
      eventLimitCases(it)
      eventPurgeCases(it)
    }
  )

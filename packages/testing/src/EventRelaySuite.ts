/** What `runRelay` must do over every `RelayRepo` and `EventLog`. */
import { it } from "@effect/vitest"
import type { EventLog, RelayRepo, SessionRepo, UserRepo } from "@sojourn/core"
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { relayDeliveryCases } from "./internal/relayDeliveryCases.ts"
import { relayFailureCases } from "./internal/relayFailureCases.ts"
import type { Options } from "./SessionRepoSuite.ts"

/** Registers the suite. Every case has relays of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<RelayRepo | EventLog | SessionRepo | UserRepo, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `EventRelay (${name})`,
    (it) => {
      relayDeliveryCases(it)
      relayFailureCases(it)
    }
  )

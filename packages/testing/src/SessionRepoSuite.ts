/** The behaviour that every `SessionRepo` must show, whatever keeps the sessions. */
import { it } from "@effect/vitest"
import type { EventLog, SessionRepo, UserRepo } from "@sojourn/core"
import { type Duration, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { admitCases } from "./internal/admitCases.ts"
import { endAllCases } from "./internal/endAllCases.ts"
import { endCases } from "./internal/endCases.ts"
import { enforceLimitCases } from "./internal/enforceLimitCases.ts"
import { eraseCases } from "./internal/eraseCases.ts"
import { policyCases } from "./internal/policyCases.ts"
import { purgeCases } from "./internal/purgeCases.ts"
import { sessionRepoLaws } from "./internal/sessionRepoLaws.ts"
import { sessionStoreCases } from "./internal/sessionStoreCases.ts"
import { sweepCases } from "./internal/sweepCases.ts"
import type { SessionSeed } from "./SessionSeed.ts"

/** How the suites treat a store. */
export interface Options {
  /** How long the store may take to start. Default: Vitest's own limit for hooks. */
  readonly timeout?: Duration.Input
}

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | UserRepo | EventLog | SessionSeed, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `SessionRepo (${name})`,
    (it) => {
      sessionStoreCases(it)
      endCases(it)
      endAllCases(it)
      sweepCases(it)
      purgeCases(it)
      eraseCases(it)
      admitCases(it)
      policyCases(it)
      enforceLimitCases(it)
      sessionRepoLaws(it)
    }
  )

/** What every handler does over a store, with cache and bus in process: V, Q, R and A lines, rotation, erasing. */
import { it } from "@effect/vitest"
import type { CredentialRepo, EventLog, SessionRepo, UserRepo } from "@sojourn/core"
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { lifeEndAllCases } from "./internal/lifeEndAllCases.ts"
import { lifeEndCases } from "./internal/lifeEndCases.ts"
import { lifeRaceCases } from "./internal/lifeRaceCases.ts"
import { lifeReadCases } from "./internal/lifeReadCases.ts"
import { lifeRotateCases } from "./internal/lifeRotateCases.ts"
import { lifeValidateCases } from "./internal/lifeValidateCases.ts"
import type { Options } from "./SessionRepoSuite.ts"

/**
 * Registers the suite. Every case has users of its own, so the store may be shared and need not be empty.
 *
 * The store is built with the real clock; the handlers run on a test clock, at noon (UTC) of the first of March 2026.
 */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | CredentialRepo | UserRepo | EventLog, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `the life of a session (${name})`,
    (it) => {
      lifeValidateCases(it)
      lifeReadCases(it)
      lifeEndCases(it)
      lifeEndAllCases(it)
      lifeRotateCases(it)
      lifeRaceCases(it)
    }
  )

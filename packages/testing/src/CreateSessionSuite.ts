/** What logging in does over a store, with enrichers, cache and bus in process: C1 to C25, T1 to T3. */
import { it } from "@effect/vitest"
import type { EventLog, SessionRepo, UserRepo } from "@sojourn/core"
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { loginCases } from "./internal/loginCases.ts"
import { loginLimitCases } from "./internal/loginLimitCases.ts"
import type { Options } from "./SessionRepoSuite.ts"

/**
 * Registers the suite. Every case has users of its own, so the store may be shared and need not be empty.
 *
 * The store is built with the real clock; the logins run on a test clock, at noon (UTC) of the first of March 2026.
 */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | UserRepo | EventLog, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `createSession (${name})`,
    (it) => {
      loginCases(it)
      loginLimitCases(it)
    }
  )

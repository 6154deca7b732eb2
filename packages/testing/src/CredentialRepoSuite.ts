/** The behaviour that every `CredentialRepo` must show, together with the `SessionRepo` over the same store. */
import { it } from "@effect/vitest"
import type { CredentialRepo, EventLog, SessionRepo, UserRepo } from "@sojourn/core"
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { findCredentialCases } from "./internal/findCredentialCases.ts"
import { rotateCases } from "./internal/rotateCases.ts"
import { suspicionCases } from "./internal/suspicionCases.ts"
import { touchCases } from "./internal/touchCases.ts"
import type { Options } from "./SessionRepoSuite.ts"

/** Registers the suite. Every case has users of its own, so the store may be shared and need not be empty. */
export const suite = (
  name: string,
  layer: Layer.Layer<SessionRepo | CredentialRepo | UserRepo | EventLog, unknown>,
  options: Options = {}
): void =>
  it.layer(Layer.merge(layer, SecureRandom.layerWebCrypto), { ...options, excludeTestServices: true })(
    `CredentialRepo (${name})`,
    (it) => {
      findCredentialCases(it)
      touchCases(it)
      rotateCases(it)
      suspicionCases(it)
    }
  )

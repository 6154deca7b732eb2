/** All of Sojourn in memory, for the tests of an application. */
import {
  ActivityWriter,
  DeviceEnricher,
  EventBusInProcess,
  LocationEnricher,
  SessionCacheInProcess,
  SessionLookup
} from "@sojourn/core"
import { Layer } from "effect"
import { Digest } from "effect/crypto"
import * as SecureRandomTest from "./SecureRandomTest.ts"
import * as SessionRepoMemory from "./SessionRepoMemory.ts"
import * as UserRepoMemory from "./UserRepoMemory.ts"

/**
 * Ids and tokens are the same at every run; times come from the test's clock. No device and no place is known. What
 * `touchSession` records is written when the clock is moved on by a second, and when the Layer closes.
 */
export const layer = (options: UserRepoMemory.Options = {}) =>
  Layer.merge(SessionLookup.layer, ActivityWriter.layer).pipe(
    Layer.provideMerge(SessionRepoMemory.layer),
    Layer.provideMerge(Layer.mergeAll(
      UserRepoMemory.layer(options),
      SecureRandomTest.layer(),
      Digest.layerWebCrypto,
      DeviceEnricher.layerDisabled,
      LocationEnricher.layerDisabled,
      SessionCacheInProcess.layer(),
      EventBusInProcess.layer()
    ))
  )

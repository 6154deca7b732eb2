/** All of Sojourn in memory, for the tests of an application. */
import { DeviceEnricher, EventBusInProcess, LocationEnricher, SessionCacheInProcess } from "@sojourn/core"
import { Layer } from "effect"
import { Digest } from "effect/crypto"
import * as SecureRandomTest from "./SecureRandomTest.ts"
import * as SessionRepoMemory from "./SessionRepoMemory.ts"
import * as UserRepoMemory from "./UserRepoMemory.ts"

/** Ids and tokens are the same at every run; times come from the test's clock. No device and no place is known. */
export const layer = (options: UserRepoMemory.Options = {}) =>
  SessionRepoMemory.layer.pipe(
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

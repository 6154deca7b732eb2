/** Sessions, credentials, events and relays in memory, with the promises of a real store: for tests, gone with the process. */
import { CredentialRepo, EventLog, RelayRepo, SessionRepo, type UserRepo } from "@sojourn/core"
import { Context, Effect, Layer } from "effect"
import type { SecureRandom } from "effect/crypto"
import * as EventLogMemory from "./EventLogMemory.ts"
import * as MemoryCredentials from "./internal/MemoryCredentials.ts"
import * as MemorySessions from "./internal/MemorySessions.ts"
import * as MemoryState from "./internal/MemoryState.ts"
import * as RelayRepoMemory from "./RelayRepoMemory.ts"
import { SessionSeed } from "./SessionSeed.ts"

const make = Effect.gen(function*() {
  const state = yield* MemoryState.make
  return Context.make(SessionRepo, yield* MemorySessions.make(state)).pipe(
    Context.add(CredentialRepo, MemoryCredentials.make(state)),
    Context.add(EventLog, EventLogMemory.make(state.events)),
    Context.add(RelayRepo, RelayRepoMemory.make(state.events)),
    Context.add(SessionSeed, { put: (session) => Effect.sync(() => state.sessions.write([session])) })
  )
})

/**
 * The repositories, their event log and its relays. The limit is asked of `UserRepo` at each login, under the user's lock; erasing a
 * user takes them out of a `UserRepoMemory`.
 */
export const layer: Layer.Layer<
  SessionRepo | CredentialRepo | EventLog | RelayRepo | SessionSeed,
  never,
  UserRepo | SecureRandom.SecureRandom
> = Layer.effectContext(make)

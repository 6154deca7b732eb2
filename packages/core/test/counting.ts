/** Ports over other ones that count what they are asked. */
import { CredentialRepo, SessionCache, SessionLookup } from "@sojourn/core"
import { Effect, Layer } from "effect"
import { Digest } from "effect/crypto"

/** Credentials over the ones of the store: `asked` are the ids of each statement. */
export const credentials = () => {
  const asked: Array<ReadonlyArray<string>> = []
  const layer = Layer.effect(
    CredentialRepo,
    Effect.map(CredentialRepo, (repo) => ({
      ...repo,
      find: (ids) => Effect.andThen(Effect.sync(() => asked.push(ids)), Effect.andThen(Effect.yieldNow, repo.find(ids)))
    }))
  )
  return { asked, layer }
}

/** Everything that a validation may ask, each call by its name, in order. */
export const operations = () => {
  const done: Array<string> = []
  const count = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      done.push(name)
      return effect
    })
  const layer = Layer.mergeAll(
    Layer.effect(
      SessionCache,
      Effect.map(SessionCache, (cache) => ({
        ...cache,
        get: (...args) => count("cache.get", cache.get(...args)),
        put: (...args) => count("cache.put", cache.put(...args)),
        fill: (...args) => count("cache.fill", cache.fill(...args)),
        fence: (...args) => count("cache.fence", cache.fence(...args))
      }))
    ),
    Layer.effect(
      SessionLookup,
      Effect.map(SessionLookup, (lookup) => ({ credential: (id) => count("lookup", lookup.credential(id)) }))
    ),
    Layer.effect(
      Digest.Digest,
      Effect.map(Digest.Digest, (digest) => ({
        ...digest,
        digestHex: (...args) => count("hash", digest.digestHex(...args))
      }))
    )
  )
  return { done, layer }
}

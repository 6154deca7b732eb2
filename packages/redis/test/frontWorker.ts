/** One of the processes of `RevocationLag.test.ts`: keeps sessions in front, and says when it stopped accepting them. */
import { FrontCache, routingTag, SessionCache, SessionId, UserId } from "@sojourn/core"
import { CacheInvalidationsRedis, RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { DateTime, Effect, Layer, Logger, ManagedRuntime, Option, Redacted, Schedule } from "effect"
import { listening } from "./Front.ts"

/** Sessions that Redis has. */
export type Warm = ReadonlyArray<{ readonly id: string; readonly userId: string }>

export type Report =
  /** Each was accepted, and the second time without asking Redis. */
  | { readonly _tag: "Warm"; readonly accepted: number; readonly askedAgain: number }
  /**
   * When each was refused first (epoch milliseconds), how many were accepted again after that, and how many milliseconds
   * went by at most until the process looked again: a busy machine keeps it from both looking and hearing.
   */
  | {
    readonly _tag: "Stopped"
    readonly at: Readonly<Record<string, number>>
    readonly acceptedAgain: number
    readonly late: number
  }

/** How long a process watches on after the last session was refused. */
const aftermath = 300

let asked = 0
const counted = Layer.effect(
  SessionCache,
  Effect.map(SessionCache, (cache) =>
    SessionCache.of({
      ...cache,
      get: (id, tag, now) => {
        asked++
        return cache.get(id, tag, now)
      }
    }))
)

const [cacheUrl = "", channelUrl = ""] = process.argv.slice(2)
const clientOf = (url: string) => RedisClient.layerUrl(Redacted.make(url))
const runtime = ManagedRuntime.make(
  FrontCache.layer().pipe(
    Layer.provide(Layer.provide(counted, SessionCacheRedis.layer({ timeout: "1 second" }))),
    Layer.provide(clientOf(cacheUrl)),
    Layer.provideMerge(CacheInvalidationsRedis.layer().pipe(Layer.provide(Layer.fresh(clientOf(channelUrl))))),
    Layer.provide(Logger.layer([]))
  )
)

const isAccepted = ({ id, userId }: Warm[number]) =>
  Effect.flatMap(
    DateTime.now,
    (now) => SessionCache.use((cache) => cache.get(SessionId.make(id), routingTag(UserId.make(userId)), now))
  ).pipe(
    Effect.map(Option.isSome)
  )

const watch = Effect.fnUntraced(function*(sessions: Warm) {
  yield* listening
  yield* Effect.sleep("20 millis")
  const accepted = yield* Effect.filter(sessions, isAccepted, { concurrency: 50 })
  const before = asked
  yield* Effect.forEach(sessions, isAccepted)
  process.send?.({ _tag: "Warm", accepted: accepted.length, askedAgain: asked - before } satisfies Report)

  const at: Record<string, number> = {}
  let [acceptedAgain, late, lookedAt] = [0, 0, performance.now()]
  const looks = Effect.sync(() => {
    late = Math.max(late, performance.now() - lookedAt)
    lookedAt = performance.now()
  })
  const look = Effect.andThen(
    looks,
    Effect.forEach(sessions, (session) =>
      Effect.map(isAccepted(session), (isSome) => {
        if (isSome && at[session.id] !== undefined) acceptedAgain++
        if (!isSome) at[session.id] ??= Date.now()
      }), { discard: true })
  )
  yield* Effect.repeat(look, {
    schedule: Schedule.spaced("5 millis"),
    until: () => Object.keys(at).length === sessions.length
  })
  yield* Effect.repeat(look, { schedule: Schedule.spaced("20 millis"), times: aftermath / 20 })
  process.send?.({ _tag: "Stopped", at, acceptedAgain, late } satisfies Report)
})

process.on("message", (sessions: Warm) => {
  void runtime.runPromise(watch(sessions))
})
process.on("disconnect", () => process.exit(0))
void runtime.runPromise(Effect.void).then(() => process.send?.("ready"))

/** The session cache in Redis: one server, Sentinel or Cluster. */
import {
  activeUntilMillis,
  type CachedSession,
  routingTag,
  SessionCache,
  SessionCacheError,
  SessionId,
  StalenessBound
} from "@sojourn/core"
import { atMostEvery } from "@sojourn/core/AtMostEvery"
import { DateTime, Duration, Effect, Layer, Metric, Option, Schema } from "effect"
import { channel } from "./InvalidationMessage.ts"
import { evaluate, getAll, type Script } from "./RedisCall.ts"
import { RedisClient } from "./RedisClient.ts"
import type { RedisFailure } from "./RedisFailure.ts"
import * as RedisSend from "./RedisSend.ts"
import { decode, encode, tombstone } from "./SessionCodec.ts"
import * as SessionKeys from "./SessionKeys.ts"
import * as SessionPut from "./SessionPut.ts"
import * as SessionRead from "./SessionRead.ts"
import * as SessionScripts from "./SessionScripts.ts"

/** How the cache is kept. */
export interface Options {
  /** What all keys begin with. No braces, which a Cluster reads itself: the Layer dies of them. Default: `sojourn`. */
  readonly prefix?: string
  /** How long a call may take before a read is a miss and a write has failed. Default: 100 milliseconds. */
  readonly timeout?: Duration.Input
}

/** Reads that Redis did not answer, or refused; each was taken for a miss. */
export const cacheReadErrors = Metric.counter("sojourn_cache_read_errors_total", {
  description: "Cache reads that failed and were taken for a miss",
  incremental: true
})

/** Counts a read that failed and warns of it, at most twice a minute. */
const makeMissed = () => {
  const rarely = atMostEvery("30 seconds")
  return ({ message }: RedisFailure) =>
    Metric.update(cacheReadErrors, 1).pipe(
      Effect.andThen(rarely(Effect.logWarning(`Sessions are read from the store instead of the cache: ${message}`))),
      Effect.as(Option.none<CachedSession>())
    )
}

const cacheError = (operation: string, what: string) => (failure: RedisFailure) =>
  new SessionCacheError({
    operation,
    message: `The session cache could not be ${what}: ${failure.message}. ` +
      "Entries heal by themselves within the staleness bound",
    cause: failure
  })

const isSessionId = Schema.is(SessionId)

/**
 * Every operation is one command, and sessions that are put or got at the same moment share one, except in a Cluster. An
 * entry is bounded twice, by its time to live in Redis and by a deadline in the value that readers hold against their own
 * clock: a write that Redis carries out late prolongs nothing.
 *
 * `StalenessBound` is read when the Layer is built. Tombstones live for twice the bound: by then whatever was read
 * before the session ended is past its deadline.
 */
export const layer = (options: Options = {}): Layer.Layer<SessionCache, never, RedisClient> =>
  Layer.effect(
    SessionCache,
    Effect.gen(function*() {
      const client = yield* RedisClient
      const prefix = options.prefix ?? "sojourn"
      if (/[{}]/.test(prefix)) return yield* Effect.die(new Error(`The key prefix "${prefix}" must not contain braces`))
      const keys = SessionKeys.make(prefix)
      const timeout = Duration.toMillis(options.timeout ?? "100 millis")
      const bound = Math.max(1, Math.floor(Duration.toMillis(yield* StalenessBound)))
      const burial = [String(2 * bound), channel(prefix)]
      const missed = makeMissed()
      const redis = yield* RedisSend.make(client, timeout)
      const readIndex = redis.command("ZRANGEBYSCORE")
      const readAll = redis.command("MGET")

      const write = (operation: string, script: Script) => {
        const send = redis.command("EVALSHA", operation)
        const settled = {
          onFailure: (failure: RedisFailure) => Effect.fail(cacheError(operation, "written")(failure)),
          onSuccess: () => Effect.void
        }
        return (keys: ReadonlyArray<string>, args: ReadonlyArray<string | Buffer>) =>
          Effect.matchEffect(send(() => evaluate(client, script, keys, args)), settled)
      }
      const readOne = yield* SessionRead.make(redis)
      const writePut = yield* SessionPut.make(redis, burial, cacheError("put", "written"))
      const writeFill = write("fill", SessionScripts.fill)
      const writeTouch = write("touch", SessionScripts.touch)
      const writeFence = write("fence", SessionScripts.fence)

      const sendRemove = redis.command("EVALSHA", "removeIfStill")
      /** Unless something else was written meanwhile. */
      const remove = (key: string, unreadable: Buffer) =>
        Effect.matchEffect(sendRemove(() => evaluate(client, SessionScripts.removeIfStill, [key], [unreadable])), {
          onFailure: missed,
          onSuccess: () => Effect.succeedNone
        })
      const read = (id: SessionId, key: string, bytes: Buffer | null, now: DateTime.Utc) => {
        if (bytes === null) return Effect.succeedNone
        const found = decode(id, bytes)
        if (found === "unreadable") return remove(key, bytes)
        return found !== "tombstone" && now.epochMilliseconds < found.until && found.session.isActive(now)
          ? Effect.succeedSome(found.session)
          : Effect.succeedNone
      }

      /** None for a session that is over. */
      const entry = (session: CachedSession, now: DateTime.Utc) => {
        const activeUntil = activeUntilMillis(session)
        const life = activeUntil - now.epochMilliseconds
        if (life <= 0) return undefined
        const use = Math.min(life, bound)
        return { activeUntil, life, use, value: encode(session, now.epochMilliseconds + use) }
      }

      const fence: SessionCache["Service"]["fence"] = (userId, ids, now) =>
        ids.length === 0
          ? Effect.void
          : writeFence(keys.ofUser(userId, ids), [...burial, String(now.epochMilliseconds)])

      const writeEntry = (write: typeof writeFill): SessionCache["Service"]["fill"] => (session, now) => {
        const found = entry(session, now)
        if (found === undefined) return Effect.void
        const { activeUntil, life, use, value } = found
        const times = [now.epochMilliseconds, activeUntil, life, use].map(String)
        return write(keys.ofUser(session.userId, [session.id]), [session.id, value, ...times])
      }

      return SessionCache.of({
        put: (session, fenced, now) => {
          const found = entry(session, now)
          return found === undefined
            ? fence(session.userId, fenced, now)
            : writePut({
              keys: keys.ofUser(session.userId, [session.id, ...fenced]),
              value: found.value,
              now: now.epochMilliseconds,
              activeUntil: found.activeUntil
            })
        },
        fill: writeEntry(writeFill),
        touch: writeEntry(writeTouch),
        get: (id, tag, now) => {
          const key = keys.session(id, tag)
          return Effect.matchEffect(readOne(key), {
            onFailure: missed,
            onSuccess: (bytes) => read(id, key, bytes, now)
          })
        },
        fence,
        unfenced: (sessions) =>
          sessions.length === 0
            ? Effect.succeed([])
            : readAll(() => getAll(client, sessions.map((of) => keys.session(of.sessionId, routingTag(of.userId)))))
              .pipe(
                Effect.map((values) => sessions.filter((_, at) => values[at] !== tombstone)),
                Effect.mapError(cacheError("unfenced", "read"))
              ),
        index: (userId, now) => {
          const key = keys.index(userId, routingTag(userId))
          return readIndex(() => client.zrangebyscore(key, `(${now.epochMilliseconds}`, "+inf")).pipe(
            Effect.map((ids) => ids.filter(isSessionId)),
            Effect.mapError(cacheError("index", "read"))
          )
        }
      })
    })
  )

/** Puts sessions into Redis, those of the same moment in one command. */
import type { SessionCacheError } from "@sojourn/core"
import { Effect, Exit } from "effect"
import { evaluate } from "./RedisCall.ts"
import { closed, fromUnknown, type RedisFailure } from "./RedisFailure.ts"
import type { RedisSend } from "./RedisSend.ts"
import * as SessionScripts from "./SessionScripts.ts"
import * as Together from "./Together.ts"

/** A session that is put, at so many milliseconds since 1970. */
export interface Put {
  /** Its user's index, its own, and those of the sessions that are fenced. */
  readonly keys: ReadonlyArray<string>
  readonly value: Buffer
  readonly now: number
  readonly activeUntil: number
}

/** What stands before each value. */
const headLength = 8 + 8 + 4 + 4

/** All of them, one after the other: two times as doubles, how many are fenced, the value's length, the value. */
export const written = (all: ReadonlyArray<Put>): Buffer => {
  const bytes = Buffer.allocUnsafe(all.reduce((length, { value }) => length + headLength + value.length, 0))
  let at = 0
  for (const { activeUntil, keys, now, value } of all) {
    at = bytes.writeDoubleBE(now, at)
    at = bytes.writeDoubleBE(activeUntil, at)
    at = bytes.writeUInt32BE(keys.length - 2, at)
    at = bytes.writeUInt32BE(value.length, at)
    at += value.copy(bytes, at)
  }
  return bytes
}

/** Of the script's answer: those that failed, by their places. */
const failures = (answer: unknown): ReadonlyMap<number, unknown> => {
  const failed = new Map<number, unknown>()
  if (!Array.isArray(answer)) return failed
  for (let at = 0; at < answer.length; at += 2) failed.set(Number(answer[at]), answer[at + 1])
  return failed
}

/** `burial`: the life of tombstones, and the channel. */
export const make = (
  { client, command, most, refuses }: RedisSend,
  burial: ReadonlyArray<string>,
  failed: (failure: RedisFailure) => SessionCacheError
) => {
  const send = command("EVALSHA", "put")
  return Together.make(
    (all: ReadonlyArray<Put>, callers) => {
      const keys = all.flatMap((put) => put.keys)
      const several = { asked: all.length, callers }
      return send(() => evaluate(client, SessionScripts.put, keys, [...burial, written(all)]), several).pipe(
        Effect.mapError(failed),
        Effect.map((answer) => {
          const failedOnes = failures(answer)
          return (nth): Exit.Exit<void, SessionCacheError> =>
            failedOnes.has(nth) ? Exit.fail(failed(fromUnknown(failedOnes.get(nth)))) : Exit.void
        })
      )
    },
    most,
    () => failed(closed),
    () => {
      const refusal = refuses()
      return refusal === undefined ? undefined : failed(refusal)
    }
  )
}

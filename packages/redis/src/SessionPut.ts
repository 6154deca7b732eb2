/** Puts sessions into Redis, those of the same moment in one command. */
import type { SessionCacheError } from "@sojourn/core"
import { Effect, Exit } from "effect"
import { evaluate } from "./RedisCall.ts"
import { closed, fromUnknown, type RedisFailure } from "./RedisFailure.ts"
import type { RedisSend } from "./RedisSend.ts"
import * as SessionScripts from "./SessionScripts.ts"
import * as Together from "./Together.ts"

/** What the script is told of one session. */
interface Put {
  readonly keys: ReadonlyArray<string>
  readonly args: ReadonlyArray<string | Buffer>
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
      const args = all.flatMap((put) => put.args)
      const several = { asked: all.length, callers }
      return send(() => evaluate(client, SessionScripts.put, keys, [...burial, ...args]), several).pipe(
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

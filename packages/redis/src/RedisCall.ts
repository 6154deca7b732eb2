/** Calls to Redis, each bounded in time. */
import { Effect, Result } from "effect"
import { Cluster, type Redis } from "ioredis"
import { createHash } from "node:crypto"
import * as CallDeadline from "./CallDeadline.ts"
import { fromUnknown, isNoScript, type RedisFailure, timedOut } from "./RedisFailure.ts"

/**
 * Calls that wait for the answer for at most `millis`, in real time: ioredis's own timeout starts only once a command is
 * written, which a pipeline under way or a cluster that looks for its nodes can delay.
 *
 * `settled` is told once a call how it went (no failure: answered in time), also when nobody waits any more, and how many
 * have asked for it.
 */
export const makeBounded = (
  millis: number,
  settled: (failure: RedisFailure | undefined, asked: number) => void = () => {}
) => {
  const deadline = CallDeadline.make(millis)
  return <A>(send: () => Promise<A>, asked = 1): Effect.Effect<A, RedisFailure> =>
    Effect.callback((resume) => {
      const fail = (failure: RedisFailure) => {
        settled(failure, asked)
        resume(Effect.fail(failure))
      }
      const call = deadline.start(() => fail(timedOut(millis)))
      const failed = (error: unknown) => {
        if (deadline.stop(call)) fail(fromUnknown(error))
      }
      // ioredis throws at once where no node of a cluster serves the key.
      const sent = Result.try(send)
      if (Result.isFailure(sent)) return failed(sent.failure)
      sent.success.then((answer) => {
        if (!deadline.stop(call)) return
        settled(undefined, asked)
        resume(Effect.succeed(answer))
      }, failed)
    })
}

/** One call, see `makeBounded`. */
export const bounded = <A>(millis: number, send: () => Promise<A>): Effect.Effect<A, RedisFailure> =>
  makeBounded(millis)(send)

/** What the keys hold; with a Cluster they may lie anywhere in it, and a read that throws leaves no other one alone. */
export const getAll = (client: Redis | Cluster, keys: ReadonlyArray<string>): Promise<ReadonlyArray<string | null>> =>
  client instanceof Cluster
    ? Promise.all(keys.map((key) => Promise.resolve(key).then((key) => client.get(key))))
    : client.mget([...keys])

/** A Lua script and the name by which a server that has seen it knows it. */
export interface Script {
  readonly lua: string
  readonly sha1: string
}

export const script = (lua: string): Script => ({ lua, sha1: createHash("sha1").update(lua).digest("hex") })

/**
 * Runs the script by its name: one command. Only a server that does not know it yet is sent the text, once.
 *
 * ioredis's `defineCommand` is not used: with a varying number of keys its automatic pipelines look for the wrong slot
 * of a cluster, and it adds methods to a client that may be the application's.
 */
export const evaluate = (
  client: Redis | Cluster,
  { lua, sha1 }: Script,
  keys: ReadonlyArray<string>,
  args: ReadonlyArray<string | Buffer>
): Promise<unknown> => {
  const all = [...keys, ...args]
  return client.evalsha(sha1, keys.length, all).catch((error: unknown) =>
    isNoScript(error) ? client.eval(lua, keys.length, all) : Promise.reject(error)
  )
}

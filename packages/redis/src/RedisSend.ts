/** How the session cache talks to its Redis: each call bounded in time, given up on while Redis is away, and traced. */
import { Effect, type Tracer } from "effect"
import { Cluster, type Redis } from "ioredis"
import * as CircuitBreaker from "./CircuitBreaker.ts"
import * as OneWrite from "./OneWrite.ts"
import type { RedisFailure } from "./RedisFailure.ts"
import * as RedisSpan from "./RedisSpan.ts"

export interface RedisSend {
  readonly client: Redis | Cluster
  /** How many keys of whatever users one command may have: in a Cluster they lie on different nodes. */
  readonly most: number
  /** Why one who asks now must not. */
  readonly refuses: () => RedisFailure | undefined
  /**
   * Sends a command, or a script by its name, for one caller within what they trace, unless the circuit is open. With
   * `several`: for so many callers who were not refused before, within what those trace.
   */
  readonly command: (name: string, script?: string) => <A>(
    send: () => Promise<A>,
    several?: { readonly asked: number; readonly callers: ReadonlyArray<Tracer.AnySpan> }
  ) => Effect.Effect<A, RedisFailure>
}

export const make = Effect.fnUntraced(function*(client: Redis | Cluster, timeoutMillis: number) {
  const breaker = yield* CircuitBreaker.make({ timeoutMillis })
  const holdBack = OneWrite.make(client)
  const traced = RedisSpan.make(client)
  const self: RedisSend = {
    client,
    refuses: breaker.refuses,
    // So many take Redis less than a millisecond, for which it answers nobody else.
    most: client instanceof Cluster ? 1 : 64,
    command: (name, script) => {
      const within = traced(name, script)
      return (send, several) => {
        const call = () => {
          holdBack()
          return send()
        }
        return several === undefined
          ? within(breaker.call(call))
          : within(breaker.send(call, several.asked), several.callers)
      }
    }
  }
  return self
})

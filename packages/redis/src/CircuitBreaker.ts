/** Stops asking a Redis that does not answer, so that only the first callers wait for it. */
import { Effect, Metric } from "effect"
import { makeBounded } from "./RedisCall.ts"
import { RedisFailure } from "./RedisFailure.ts"

/** 1 while Redis is not asked, or by one call at a time to see whether it is back; 0 otherwise. */
export const cacheCircuitOpen = Metric.gauge("sojourn_cache_circuit_open", {
  description: "1 while the session cache is not asked because it does not answer"
})

/** How Redis is given up on. */
export interface Options {
  /** How long a call may take. The circuit opens only after half of that without a success. */
  readonly timeoutMillis: number
  /** How many failures in a row, at the same time or one after the other, open the circuit. Default: 5. */
  readonly failures?: number
  /** How long Redis is left alone before the next call is let through. Default: 500. */
  readonly openMillis?: number
}

/** A breaker, and the calls that it watches. */
export interface CircuitBreaker {
  /** The failure to give while the circuit is open; undefined: call `send`. */
  readonly refuses: () => RedisFailure | undefined
  /** Sends a call for so many who have asked and may. */
  readonly send: <A>(call: () => Promise<A>, asked: number) => Effect.Effect<A, RedisFailure>
  /** Sends a call for one, unless they are refused. */
  readonly call: <A>(call: () => Promise<A>) => Effect.Effect<A, RedisFailure>
}

/**
 * Lets calls through, each bounded in time, while Redis answers. Once it does not, calls fail at once with what went
 * wrong last, except for one every `openMillis`, whose success lets all through again.
 *
 * What counts is what Redis does, also with a call whose caller was interrupted. Time is the machine's, as for the calls
 * themselves, whatever the clock of the program says.
 */
export const make = Effect.fnUntraced(
  function*({ failures: most = 5, openMillis = 500, timeoutMillis }: Options) {
    const context = yield* Effect.context<never>()
    cacheCircuitOpen.updateUnsafe(0, context)
    let failures = 0
    let answeredAt = performance.now()
    let askAgainAt = 0
    let refusal: RedisFailure | undefined

    const settled = (failure: RedisFailure | undefined, asked: number) => {
      const now = performance.now()
      if (failure === undefined) {
        failures = 0
        answeredAt = now
        if (refusal === undefined) return
        refusal = undefined
        cacheCircuitOpen.updateUnsafe(0, context)
        return
      }
      failures += asked
      if (failures >= most && now - answeredAt >= timeoutMillis / 2) {
        if (refusal === undefined) askAgainAt = now + openMillis
        refusal = new RedisFailure({ message: `${failure.message}. It is left alone for ${openMillis} ms` })
        cacheCircuitOpen.updateUnsafe(1, context)
      }
    }

    const refuses = () => {
      if (refusal === undefined) return undefined
      const now = performance.now()
      if (now < askAgainAt) return refusal
      askAgainAt = now + openMillis
      return undefined
    }
    const send = makeBounded(timeoutMillis, settled)

    const breaker: CircuitBreaker = {
      refuses,
      send,
      call: (call) =>
        Effect.suspend(() => {
          const refused = refuses()
          return refused === undefined ? send(call) : Effect.fail(refused)
        })
    }
    return breaker
  }
)

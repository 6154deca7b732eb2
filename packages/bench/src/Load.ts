/** Runs an operation again and again at a given concurrency, and says how fast it was and what it cost. */
import { type Context, Effect } from "effect"
import { type Cost, cost } from "./Cost.ts"
import type { BenchEnv } from "./Scenario.ts"

/** Of one round. Latencies are milliseconds; costs are those of one operation. */
export interface Figures extends Cost {
  readonly operations: number
  readonly perSecond: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** A share for each of so many operations. */
export const perOperation = (cost: Cost, operations: number): Cost => ({
  nodeMicros: cost.nodeMicros / operations,
  postgresMicros: cost.postgresMicros / operations,
  redisMicros: cost.redisMicros / operations,
  roundTrips: cost.roundTrips / operations,
  statements: cost.statements / operations,
  redisCommands: cost.redisCommands / operations,
  bytes: cost.bytes / operations,
  walBytes: cost.walBytes / operations
})

/**
 * Calls `took` with the milliseconds of every operation, until there is no time left. Each loop reads the clock once an
 * operation: where one ends the next begins.
 */
export type Drive = (
  concurrency: number,
  hasTime: (now: number) => boolean,
  took: (millis: number) => void
) => Promise<unknown>

/** As a program with promises does it: each of the loops awaits its operation and goes on. */
export const promises = (operation: () => Promise<unknown>): Drive => (concurrency, hasTime, took) => {
  const loop = async () => {
    let now = performance.now()
    while (hasTime(now)) {
      const start = now
      await operation()
      now = performance.now()
      took(now - start)
    }
  }
  return Promise.all(Array.from({ length: concurrency }, loop))
}

/** As a program with Effect does it: the same loops as fibers. */
export const fibers =
  <A, E, R>(context: Context.Context<R>, operation: Effect.Effect<A, E, R>): Drive => (concurrency, hasTime, took) => {
    const loop = Effect.suspend(() => {
      let now = performance.now()
      const step = () => {
        const start = now
        now = performance.now()
        took(now - start)
      }
      return Effect.whileLoop({ while: () => hasTime(now), body: () => operation, step })
    })
    return Effect.runPromiseWith(context)(
      Effect.forEach(Array.from({ length: concurrency }), () => loop, { concurrency: "unbounded", discard: true })
    )
  }

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** Made once: an array that grows would be a part of what the quickest operations seem to take. */
const latencies = new Float64Array(2 ** 22)

/** Drives for so many milliseconds; what is under way then is waited for and counts. */
export const load = async (env: BenchEnv, drive: Drive, concurrency: number, millis: number): Promise<Figures> => {
  let operations = 0
  const since = await cost(env)
  const start = performance.now()
  const end = start + millis
  await drive(concurrency, (now) => now < end, (took) => {
    latencies[operations++] = took
  })
  const seconds = (performance.now() - start) / 1000
  const used = await since()
  const sorted = latencies.subarray(0, operations).toSorted()
  return {
    operations,
    perSecond: operations / seconds,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    ...perOperation(used, operations)
  }
}

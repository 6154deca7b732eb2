/** Says again and again what lasts, but not each time that it shows. */
import { Clock, Duration, Effect } from "effect"

/** Runs an effect unless it ran within this time before; the first time it always does. */
export const atMostEvery = (interval: Duration.Input) => {
  const quiet = Duration.toNanosUnsafe(interval)
  let quietUntil: bigint | undefined
  return <E, R>(effect: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
    Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
      if (quietUntil !== undefined && now < quietUntil) return Effect.void
      quietUntil = now + quiet
      return effect
    })
}

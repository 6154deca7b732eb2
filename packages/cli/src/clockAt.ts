/** A clock that stands at the time of a login that was before. */
import { Clock, DateTime, Effect } from "effect"

/** Runs an effect as if it were `at`: whoever asks for the time gets that. Waiting takes real time. */
export const at = (time: DateTime.Utc) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const millis = DateTime.toEpochMillis(time)
  const nanos = BigInt(millis) * 1_000_000n
  return Clock.clockWith((real) =>
    Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => millis,
      currentTimeMillis: Effect.succeed(millis),
      currentTimeNanosUnsafe: () => nanos,
      currentTimeNanos: Effect.succeed(nanos),
      monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: real.monotonicTimeNanos,
      sleep: (duration) => real.sleep(duration)
    })
  )
}

/** What others answer, who may be done at once: then there is nothing to run. */
import { type Effect, Exit, Result } from "effect"

/** Their effect; what they throw instead is its defect. */
export const ask = <A, E>(answer: () => Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const asked = Result.try(answer)
  return Result.isSuccess(asked) ? asked.success : Exit.die(asked.failure)
}

/** Whether it was there at once. */
export const isThere = <A, E>(asked: Effect.Effect<A, E>): asked is Exit.Exit<A, E> => Exit.isExit(asked)

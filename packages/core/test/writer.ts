/** An activity writer over a store that tells what it was given. */
import { type Activity, ActivityWriter, CredentialRepo, type SessionRepoError } from "@sojourn/core"
import { DateTime, Effect, Layer } from "effect"

/** A writer of its own over a store that remembers the batches, or does something else with them first. */
export const writer = (
  touch: (batch: ReadonlyArray<Activity>) => Effect.Effect<void, SessionRepoError> = () => Effect.void
) => {
  const batches: Array<ReadonlyArray<Activity>> = []
  const repo = Layer.effect(
    CredentialRepo,
    Effect.map(CredentialRepo, (repo) => ({
      ...repo,
      touch: (batch) =>
        touch(batch).pipe(
          Effect.andThen(repo.touch(batch)),
          Effect.tap(() => Effect.sync(() => batches.push(batch)))
        )
    }))
  )
  return { batches, layer: Layer.provideMerge(Layer.fresh(ActivityWriter.layer), repo) }
}

/** When the sessions were used, in seconds of the test's clock. */
export const times = (batches: ReadonlyArray<ReadonlyArray<Activity>>) =>
  batches.flat().map(({ at }) => DateTime.toEpochMillis(at) / 1000)

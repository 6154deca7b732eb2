/** Reads credentials from the store for all who wait for one, together. */
import { Context, Deferred, Effect, Exit, Layer, Metric, Option, Queue, type Tracer } from "effect"
import { withBatchSpan } from "./BatchSpan.ts"
import { type Credential, CredentialRepo } from "./CredentialRepo.ts"
import { callerSpan } from "./InnerSpan.ts"
import type { SessionId } from "./SessionId.ts"
import { lookupBatchSize } from "./SessionMetrics.ts"
import type { SessionRepoError } from "./SessionRepo.ts"
import { closedIfInterrupted, storeClosed } from "./StoreClosed.ts"

interface Asked {
  readonly answer: Deferred.Deferred<Option.Option<Credential>, SessionRepoError>
  /** What those who wait trace. */
  readonly spans: Array<Tracer.AnySpan>
}

/** The most sessions that one statement asks for, and the most such statements under way. */
const batchSize = 256
const concurrency = 2

/**
 * However many fibers miss the same session at once, the store is asked once; those that miss different ones share a
 * statement. Nobody joins a statement that was sent before they asked: what they get was read after they asked. Inside a
 * transaction of the store a read is part of that, and alone.
 */
export class SessionLookup extends Context.Service<SessionLookup, {
  /** The session in whatever state it is, and its hashes; none: there is no such session. */
  readonly credential: (sessionId: SessionId) => Effect.Effect<Option.Option<Credential>, SessionRepoError>
}>()("@sojourn/core/SessionLookup") {
  /** For one process, over the store. */
  static readonly layer: Layer.Layer<SessionLookup, never, CredentialRepo> = Layer.effect(
    SessionLookup,
    Effect.gen(function*() {
      const repo = yield* CredentialRepo
      const asked = yield* Queue.unbounded<SessionId>()
      const waiting = new Map<SessionId, Asked>()
      let closed = false

      const answer = Effect.fnUntraced(function*(ids: ReadonlyArray<SessionId>) {
        const answers = ids.flatMap((id) => {
          const asked = waiting.get(id)
          waiting.delete(id)
          return asked === undefined ? [] : [[id, asked] as const]
        })
        yield* Metric.update(lookupBatchSize, ids.length)
        const callers = answers.flatMap(([, { spans }]) => spans)
        yield* Effect.map(
          repo.find(ids).pipe(withBatchSpan("sojourn.lookup", ids.length, callers)),
          (credentials) => new Map(credentials.map((credential) => [credential.session.id, credential]))
        ).pipe(
          // In any case, also when the Layer closes meanwhile: nobody waits for good.
          Effect.onExit((exit) =>
            Effect.sync(() => {
              const found = Exit.isSuccess(exit) ? exit : closedIfInterrupted(() => storeClosed("find"), exit.cause)
              for (const [id, { answer }] of answers) {
                Deferred.doneUnsafe(
                  answer,
                  Exit.map(found, (credentials) => Option.fromUndefinedOr(credentials.get(id)))
                )
              }
            })
          ),
          Effect.exit
        )
      })

      const worker = Queue.take(asked).pipe(
        // Whoever asks at the same moment comes along.
        Effect.tap(() => Effect.yieldNow),
        Effect.flatMap((first) =>
          // Without a minimum nothing would be taken.
          Queue.sizeUnsafe(asked) === 0
            ? Effect.succeed([first])
            : Effect.map(Queue.takeBetween(asked, 1, batchSize - 1), (others) => [first, ...others])
        ),
        Effect.flatMap(answer),
        Effect.forever
      )
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          closed = true
          for (const { answer } of waiting.values()) Deferred.doneUnsafe(answer, Exit.fail(storeClosed("find")))
        })
      )
      yield* Effect.forEach(Array.from({ length: concurrency }), () => Effect.forkScoped(worker), { discard: true })

      return {
        credential: (sessionId) =>
          Effect.contextWith((context: Context.Context<never>) => {
            if (closed) return Effect.fail(storeClosed("find"))
            if (repo.isInTransaction?.(context) === true) {
              return Effect.map(repo.find([sessionId]), ([found]) => Option.fromUndefinedOr(found))
            }
            const span = callerSpan(context)
            const asking = waiting.get(sessionId)
            if (asking !== undefined) {
              if (span !== undefined) asking.spans.push(span)
              return Deferred.await(asking.answer)
            }
            const answer: Asked["answer"] = Deferred.makeUnsafe()
            waiting.set(sessionId, { answer, spans: span === undefined ? [] : [span] })
            // In the same step: a fiber that is interrupted in between would leave later callers waiting for an answer that nobody gives.
            Queue.offerUnsafe(asked, sessionId)
            return Deferred.await(answer)
          })
      }
    })
  )
}

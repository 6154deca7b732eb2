/** Sends the endings of single sessions that wait in this process to the database together. */
import type { Late, SessionId, SessionRepoError } from "@sojourn/core"
import { spansOf, withBatchSpan } from "@sojourn/core/BatchSpan"
import { callerSpan } from "@sojourn/core/InnerSpan"
import { type Context, Effect, Queue, Result, Semaphore, type Tracer } from "effect"
import { isNoAnswer, mayBeOnes } from "./DatabaseError.ts"
import type { EndingRow } from "./EndedRow.ts"
import type { Revocation } from "./RevokeStatements.ts"
import * as Waiting from "./Waiting.ts"

/** Runs the statements. */
export interface Statements {
  readonly one: (revocation: Revocation, wait: boolean) => Effect.Effect<EndingRow, SessionRepoError>
  /** Each session once. */
  readonly several: (
    revocations: ReadonlyArray<Revocation>
  ) => Effect.Effect<ReadonlyMap<SessionId, EndingRow>, SessionRepoError>
}

interface Ending {
  readonly revocation: Revocation
  /** Tells the caller, who goes on at once. */
  readonly settle: (outcome: Effect.Effect<EndingRow, SessionRepoError>) => void
  /** What the caller traces. */
  readonly span: Tracer.AnySpan | undefined
  cancelled: boolean
}

/** The first of each session, and the others. */
const distinct = (all: ReadonlyArray<Ending>) => {
  const first = new Map<SessionId, Ending>()
  const again: Array<Ending> = []
  for (const one of all) {
    const { sessionId } = one.revocation
    if (first.has(sessionId)) again.push(one)
    else first.set(sessionId, one)
  }
  return { first: [...first.values()], again }
}

/**
 * A lone one goes at once; while statements are under way, those that come gather for the next one. A user whose lock
 * is taken elsewhere holds up nobody: their endings wait apart, at most so many at once.
 */
export const make = Effect.fnUntraced(function*(statements: Statements) {
  const waitingApart = new Set<Ending>()
  const queue = yield* Waiting.makeQueue<Ending>("end", () => waitingApart)
  const waiters = yield* Semaphore.make(2)
  const scope = yield* Effect.scope
  const whenLate = yield* Waiting.makeLate

  const apart = (one: Ending) =>
    Effect.suspend(() => {
      waitingApart.add(one)
      const sent = Effect.suspend(() => one.cancelled ? Effect.void : sendOne(one, true))
      return Effect.forkIn(
        waiters.withPermit(sent).pipe(
          Waiting.settled("end", [one]),
          Effect.ensuring(Effect.sync(() => waitingApart.delete(one)))
        ),
        scope
      )
    })

  const settle = (one: Ending, row: EndingRow | undefined) => {
    if (row === undefined || row.busy) return Effect.asVoid(apart(one))
    one.settle(Effect.succeed(row))
    return Effect.void
  }

  /** `wait`: it was for a lock that one user waits for, which tells nothing of the database. */
  const fail = (all: ReadonlyArray<Ending>, error: SessionRepoError, wait = false) =>
    Effect.suspend(() => {
      for (const one of all) one.settle(Effect.fail(error))
      return !wait && isNoAnswer(error) ? Waiting.giveUp(queue, error) : Effect.void
    })

  const sendOne = (one: Ending, wait: boolean): Effect.Effect<void> =>
    Effect.matchEffect(statements.one(one.revocation, wait), {
      onFailure: (error) => fail([one], error, wait),
      onSuccess: (row) => settle(one, row)
    })

  const send = Effect.fnUntraced(function*(all: ReadonlyArray<Ending>) {
    const { again, first } = distinct(all)
    const [one] = first
    if (one === undefined) return
    if (first.length === 1) yield* sendOne(one, false)
    else {
      const answer = yield* statements.several(first.map(({ revocation }) => revocation)).pipe(Effect.result)
      if (Result.isSuccess(answer)) {
        yield* Effect.forEach(first, (one) => settle(one, answer.success.get(one.revocation.sessionId)), {
          discard: true
        })
      } else if (mayBeOnes(answer.failure)) {
        yield* Effect.forEach(first, (one) => sendOne(one, false), { discard: true })
      } else if (isNoAnswer(answer.failure)) return yield* fail(all, answer.failure)
      else yield* fail(first, answer.failure)
    }
    yield* Effect.forEach(again, (one) => sendOne(one, false), { discard: true })
  })

  const worker = Queue.takeBetween(queue, 1, 64).pipe(
    Effect.map((all) => all.filter(({ cancelled }) => !cancelled)),
    Effect.flatMap((all) =>
      send(all).pipe(
        withBatchSpan("sojourn.end", all.length, spansOf(all)),
        Waiting.settled("end", all)
      )
    ),
    Effect.forever
  )
  yield* Effect.forEach([1, 2], () => Effect.forkScoped(worker), { discard: true })

  return (
    revocation: Revocation,
    late: Late<EndingRow>
  ): Effect.Effect<EndingRow, SessionRepoError> =>
    Effect.contextWith((context: Context.Context<never>) =>
      Waiting.outcome<EndingRow, SessionRepoError, Ending>(
        "end",
        queue,
        (settle) => ({ revocation, settle, span: callerSpan(context), cancelled: false }),
        whenLate(late)
      )
    )
})

/** Sends the logins that wait in this process to the database together. */
import type { Admission, Candidate, Late, SessionRepoError, SessionRules, UserId } from "@sojourn/core"
import { spansOf, withBatchSpan } from "@sojourn/core/BatchSpan"
import { Effect, Metric, Queue, type Tracer } from "effect"
import type { Outcome, Refusal } from "./Admit.ts"
import { isTimeUp } from "./DatabaseError.ts"
import { compatible, type Login } from "./LoginGroups.ts"
import * as Sending from "./Sending.ts"
import * as Waiting from "./Waiting.ts"

/** How many logins go to the database in one statement. */
export const admissionBatchSize = Metric.histogram("sojourn_admission_batch_size", {
  description: "Logins sent to the database in one statement",
  boundaries: [1, 2, 4, 8, 16, 32, 64]
})

/** Runs the statement `admit` for several candidates. */
export type AdmitStatement = (
  candidates: ReadonlyArray<Candidate>,
  rules: SessionRules,
  wait: boolean
) => Effect.Effect<ReadonlyArray<Outcome>, SessionRepoError>

/** How logins are batched. */
export interface Options {
  /**
   * The most logins that go in one statement. Default: 32: with more, the database and this process take turns waiting,
   * where one could prepare the next while the other works.
   */
  readonly batchSize?: number | undefined
  /** The most such statements under way. Default: 2. */
  readonly concurrency?: number | undefined
}

/** So many logins, or fewer when no more have come, share the start of a statement. */
const worthwhile = 8

/**
 * A lone login goes at once; while statements are under way, those that come gather for the next one. A user whose
 * lock is taken elsewhere holds up nobody: their logins wait apart, on a connection of their own.
 */
export const make = Effect.fnUntraced(function*(admit: AdmitStatement, apart: Sending.Apart<UserId>, options: Options) {
  const { batchSize = 32, concurrency = 2 } = options
  const busy = new Map<UserId, Array<Login>>()
  const queue = yield* Waiting.makeQueue<Login>("admit", () => [...busy.values()].flat())
  const scope = yield* Effect.scope
  const whenLate = yield* Waiting.makeLate
  let underWay = 0

  const statement = Effect.fnUntraced(function*(logins: ReadonlyArray<Login>, wait: boolean) {
    const first = logins[0]
    if (first === undefined) return []
    yield* Metric.update(admissionBatchSize, logins.length)
    return yield* admit(logins.map(({ candidate }) => candidate), first.rules, wait).pipe(
      withBatchSpan("sojourn.admit", logins.length, spansOf(logins))
    )
  })

  /** Until no login of the user is left: takes those that have come and waits for the lock. */
  const drain = (userId: UserId): Effect.Effect<void> =>
    Effect.suspend(() => {
      const waiting = (busy.get(userId) ?? []).filter(({ cancelled }) => !cancelled)
      if (waiting.length === 0) {
        busy.delete(userId)
        return Effect.void
      }
      const logins = waiting.splice(0, batchSize)
      busy.set(userId, waiting)
      return send(compatible(logins), true).pipe(
        Effect.map((failure) => {
          if (failure !== undefined && isTimeUp(failure)) Waiting.fail(busy.get(userId)?.splice(0) ?? [], failure)
        }),
        Waiting.settled("admit", logins),
        Effect.andThen(drain(userId))
      )
    })

  const waitFor = (login: Login) =>
    Effect.suspend(() => {
      const { userId } = login.candidate.session
      const waiting = busy.get(userId)
      if (waiting !== undefined) {
        waiting.push(login)
        return Effect.void
      }
      busy.set(userId, [login])
      return Effect.asVoid(Effect.forkIn(drain(userId), scope))
    })

  const send = Sending.make(
    queue,
    statement,
    (sending, [login]) => apart(sending, login!.candidate.session.userId),
    waitFor
  )

  /**
   * While nothing is under way only a worker's share of those who wait, unless that is too few to be worth a statement:
   * if one took all, the database and this process would take turns waiting.
   */
  const take = Effect.gen(function*() {
    const first = yield* Queue.take(queue)
    const waiting = Queue.sizeUnsafe(queue)
    const share = underWay > 0 ? batchSize : Math.max(worthwhile, Math.ceil((1 + waiting) / concurrency))
    const more = Math.min(share, batchSize) - 1
    return waiting > 0 && more > 0 ? [first, ...yield* Queue.takeBetween(queue, 1, more)] : [first]
  })

  const worker = take.pipe(
    Effect.flatMap((logins) => {
      underWay++
      return send(compatible(logins), false).pipe(
        Waiting.settled("admit", logins),
        Effect.ensuring(Effect.sync(() => underWay--))
      )
    }),
    Effect.forever
  )
  yield* Effect.forEach(Array.from({ length: concurrency }), () => Effect.forkScoped(worker), { discard: true })

  return (
    candidate: Candidate,
    rules: SessionRules,
    span: Tracer.AnySpan | undefined,
    late?: Late<Admission>
  ): Effect.Effect<Admission, Refusal> =>
    Waiting.outcome<Admission, Refusal, Login>(
      "admit",
      queue,
      (settle) => ({ candidate, rules, settle, span, cancelled: false }),
      whenLate(late)
    )
})

/** Sends the logins that wait in this process to the database together. */
import type { Admission, Candidate, Late, SessionRepoError, SessionRules, UserId } from "@sojourn/core"
import { spansOf, withBatchSpan } from "@sojourn/core/BatchSpan"
import { Effect, Metric, Queue, Result, Semaphore, type Tracer } from "effect"
import type { Outcome, Refusal } from "./Admit.ts"
import { isNoAnswer, isTimeUp, mayBeOnes } from "./DatabaseError.ts"
import { compatible, type Login } from "./LoginGroups.ts"
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
  /** The most statements that wait for a user whose lock another transaction holds. Default: 4. */
  readonly waiting?: number | undefined
}

/** What a statement came to. */
interface Sent {
  /** Those whose user's lock is taken. */
  readonly busy: ReadonlyArray<Login>
  /** What it failed with; those that it was for have been told. */
  readonly failure?: SessionRepoError | undefined
}

/** Whether those who wait for the same would wait as long and in vain: for the database, or, with `wait`, for a lock. */
const endsWaiting = (failure: SessionRepoError, wait: boolean) => wait ? isTimeUp(failure) : isNoAnswer(failure)

/** So many logins, or fewer when no more have come, share the start of a statement. */
const worthwhile = 8

/**
 * A lone login goes at once; while statements are under way, those that come gather for the next one. A user whose
 * lock is taken elsewhere holds up nobody: their logins wait apart, on connections of their own.
 */
export const make = Effect.fnUntraced(function*(admit: AdmitStatement, admitWaiting: AdmitStatement, options: Options) {
  const { batchSize = 32, concurrency = 2, waiting = 4 } = options
  const busy = new Map<UserId, Array<Login>>()
  const queue = yield* Waiting.makeQueue<Login>("admit", () => [...busy.values()].flat())
  const waiters = yield* Semaphore.make(waiting)
  const scope = yield* Effect.scope
  const whenLate = yield* Waiting.makeLate
  let underWay = 0
  /** How many statements were answered. */
  let answered = 0

  /** Gives each login its outcome, and tells which are busy. If the statement fails, each is tried on its own. */
  const send = Effect.fnUntraced(
    function*(logins: ReadonlyArray<Login>, statement: AdmitStatement, wait: boolean): Effect.fn.Return<Sent> {
      const first = logins[0]
      if (first === undefined) return { busy: [] }
      yield* Metric.update(admissionBatchSize, logins.length)
      const callers = spansOf(logins)
      const before = answered
      const answer = yield* statement(logins.map(({ candidate }) => candidate), first.rules, wait).pipe(
        withBatchSpan("sojourn.admit", logins.length, callers),
        Effect.result
      )
      if (Result.isSuccess(answer)) {
        answered++
        const busy = logins.filter((login, at) => {
          const outcome = answer.success[at]!
          if (outcome === "Busy") return true
          login.settle(Effect.fromResult(outcome))
          return false
        })
        return { busy }
      }
      if (logins.length > 1 && mayBeOnes(answer.failure)) {
        return yield* sendEach(logins.map((login) => [login]), statement, wait)
      }
      for (const login of logins) login.settle(Effect.fail(answer.failure))
      // Not for a lock that one user waits for, and not where others had answers meanwhile: then the database is well.
      if (!wait && answered === before && isNoAnswer(answer.failure)) yield* Waiting.giveUp(queue, answer.failure)
      return { busy: [], failure: answer.failure }
    }
  )

  /** One statement after the other. Where the database does not answer, or not in time, those that are left fail, too. */
  const sendEach = Effect.fnUntraced(
    function*(
      groups: ReadonlyArray<ReadonlyArray<Login>>,
      statement: AdmitStatement,
      wait: boolean
    ): Effect.fn.Return<Sent> {
      const busy: Array<Login> = []
      let failure: SessionRepoError | undefined
      for (const group of groups) {
        if (failure !== undefined && endsWaiting(failure, wait)) {
          for (const login of group) login.settle(Effect.fail(failure))
        } else {
          const sent = yield* send(group, statement, wait)
          busy.push(...sent.busy)
          failure = sent.failure
        }
      }
      return { busy, failure }
    }
  )

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
      return sendEach(compatible(logins), admitWaiting, true).pipe(
        Effect.map(({ failure }) => {
          if (failure === undefined || !endsWaiting(failure, true)) return
          for (const login of busy.get(userId)?.splice(0) ?? []) login.settle(Effect.fail(failure))
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
      return Effect.asVoid(Effect.forkIn(waiters.withPermit(drain(userId)), scope))
    })

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
      return sendEach(compatible(logins.filter(({ cancelled }) => !cancelled)), admit, false)
        .pipe(
          Effect.flatMap(({ busy }) => Effect.forEach(busy, waitFor, { discard: true })),
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

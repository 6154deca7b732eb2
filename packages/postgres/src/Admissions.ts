/** Sends the logins that wait in this process to the database together. */
import type { Admission, Candidate, SessionRepoError, SessionRules, UserId } from "@sojourn/core"
import { callerSpan, withBatchSpan } from "@sojourn/core/BatchSpan"
import { Deferred, Effect, Metric, Queue, Result, Semaphore, type Tracer } from "effect"
import type { Outcome, Refusal } from "./Admit.ts"

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

export interface Options {
  /** The most logins that go in one statement. Default: 64. */
  readonly batchSize?: number | undefined
  /** The most such statements under way. Default: 2. */
  readonly concurrency?: number | undefined
  /** The most statements that wait for a user whose lock another transaction holds. Default: 4. */
  readonly waiting?: number | undefined
}

interface Login {
  readonly candidate: Candidate
  readonly rules: SessionRules
  readonly outcome: Deferred.Deferred<Admission, Refusal>
  /** What the caller traces. */
  readonly span: Tracer.AnySpan | undefined
  cancelled: boolean
}

/** One user's logins in one statement count as simultaneous, so they may be apart by this much at most. */
const simultaneousMillis = 1000

const settle = (login: Login, outcome: Result.Result<Admission, Refusal>) =>
  Result.isSuccess(outcome)
    ? Deferred.succeed(login.outcome, outcome.success)
    : Deferred.fail(login.outcome, outcome.failure)

/** Splits logins into groups that one statement can take: the same rules, and each user's logins simultaneous. */
const compatible = (logins: ReadonlyArray<Login>): ReadonlyArray<Array<Login>> => {
  const groups: Array<{ rules: SessionRules; times: Map<UserId, number>; logins: Array<Login> }> = []
  for (const login of logins) {
    const { createdAt, userId } = login.candidate.session
    const at = createdAt.epochMilliseconds
    // Only the last group may take it, so that a user's logins stay in their order.
    const last = groups.at(-1)
    const fits = last !== undefined && last.rules === login.rules &&
      Math.abs((last.times.get(userId) ?? at) - at) <= simultaneousMillis
    const group = fits ? last : { rules: login.rules, times: new Map<UserId, number>(), logins: [] }
    if (!fits) groups.push(group)
    group.times.set(userId, group.times.get(userId) ?? at)
    group.logins.push(login)
  }
  return groups.map(({ logins }) => logins)
}

/**
 * A lone login goes at once; while statements are under way, those that come gather for the next one. A user whose
 * lock is taken elsewhere holds up nobody: their logins wait apart, on connections of their own.
 */
export const make = Effect.fnUntraced(function*(admit: AdmitStatement, admitWaiting: AdmitStatement, options: Options) {
  const { batchSize = 64, concurrency = 2, waiting = 4 } = options
  const queue = yield* Queue.unbounded<Login>()
  const busy = new Map<UserId, Array<Login>>()
  const waiters = yield* Semaphore.make(waiting)
  const scope = yield* Effect.scope

  /** Gives each login its outcome, and those that are busy back. If the statement fails, each is tried on its own. */
  const send = Effect.fnUntraced(
    function*(logins: ReadonlyArray<Login>, statement: AdmitStatement, wait: boolean): Effect.fn.Return<
      ReadonlyArray<Login>
    > {
      const first = logins[0]
      if (first === undefined) return []
      yield* Metric.update(admissionBatchSize, logins.length)
      const callers = logins.flatMap(({ span }) => span === undefined ? [] : [span])
      const answer = yield* statement(logins.map(({ candidate }) => candidate), first.rules, wait).pipe(
        withBatchSpan("sojourn.admit", logins.length, callers),
        Effect.result
      )
      if (Result.isSuccess(answer)) {
        const busy = logins.filter((_, at) => answer.success[at] === "Busy")
        yield* Effect.forEach(
          answer.success,
          (outcome, at) => outcome === "Busy" ? Effect.void : settle(logins[at]!, outcome),
          {
            discard: true
          }
        )
        return busy
      }
      if (logins.length > 1 && answer.failure.reason === "InvalidData") {
        return (yield* Effect.forEach(logins, (login) => send([login], statement, wait))).flat()
      }
      yield* Effect.forEach(logins, (login) => settle(login, Result.fail(answer.failure)), { discard: true })
      return []
    }
  )

  /** Until no login of the user is left: takes those that have come and waits for the lock. */
  const drain = (userId: UserId): Effect.Effect<void> =>
    Effect.suspend(() => {
      const logins = (busy.get(userId) ?? []).splice(0, batchSize).filter(({ cancelled }) => !cancelled)
      if (logins.length === 0) {
        busy.delete(userId)
        return Effect.void
      }
      return Effect.forEach(compatible(logins), (group) => send(group, admitWaiting, true), { discard: true }).pipe(
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

  const worker = Queue.takeBetween(queue, 1, batchSize).pipe(
    Effect.flatMap((logins) =>
      Effect.forEach(compatible(logins.filter(({ cancelled }) => !cancelled)), (group) => send(group, admit, false))
    ),
    Effect.flatMap((busy) => Effect.forEach(busy.flat(), waitFor, { discard: true })),
    Effect.forever
  )
  yield* Effect.forEach(Array.from({ length: concurrency }), () => Effect.forkScoped(worker), { discard: true })

  return Effect.fnUntraced(function*(candidate: Candidate, rules: SessionRules) {
    const login: Login = {
      candidate,
      rules,
      outcome: yield* Deferred.make<Admission, Refusal>(),
      span: callerSpan(yield* Effect.context<never>()),
      cancelled: false
    }
    yield* Queue.offer(queue, login)
    return yield* Deferred.await(login.outcome).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          login.cancelled = true
        })
      )
    )
  })
})

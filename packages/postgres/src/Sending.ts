/** Sends those who wait to the database, several in one statement, and gives each their own outcome. */
import type { SessionRepoError } from "@sojourn/core"
import { Effect, type Queue, Result } from "effect"
import { isNoAnswer, isTimeUp, mayBeOnes } from "./DatabaseError.ts"
import * as Waiting from "./Waiting.ts"

/**
 * The outcome of each of them, by its place; "Busy" where another transaction holds the user's lock, for which a statement
 * waits only with `wait`.
 */
export type Statement<W, A, E> = (
  group: ReadonlyArray<W>,
  wait: boolean
) => Effect.Effect<ReadonlyArray<Result.Result<A, E> | "Busy">, SessionRepoError>

/** Runs a statement that may have to wait for a lock, when its turn comes. `of`: whose lock. */
export type Apart<Of> = <A>(statement: Effect.Effect<A, SessionRepoError>, of: Of) => Effect.Effect<A, SessionRepoError>

/** Whether those who wait for the same would wait as long and in vain: for the database, or, with `wait`, for a lock. */
const endsWaiting = (failure: SessionRepoError, wait: boolean) => wait ? isTimeUp(failure) : isNoAnswer(failure)

/**
 * What it makes sends groups one after the other, without those who gave up meanwhile, and gives the last failure. If a
 * group's statement fails by what may be one's own fault, each is tried on its own. Where the database does not answer, or not
 * in time, whoever is left is told so instead of finding out in turn, and so are those in the queue.
 */
export const make = <A, E, W extends Waiting.Waiting<A, E>>(
  queue: Queue.Queue<W>,
  statement: Statement<W, A, E>,
  apart: Apart<ReadonlyArray<W>>,
  whenBusy: (one: W) => Effect.Effect<void>
) => {
  /** How many statements were answered. */
  let answered = 0

  const sendGroup = Effect.fnUntraced(
    function*(group: ReadonlyArray<W>, wait: boolean): Effect.fn.Return<SessionRepoError | undefined> {
      const before = answered
      let sent: ReadonlyArray<W> = []
      const sending = Effect.suspend(() => {
        sent = group.filter(({ cancelled }) => !cancelled)
        return sent.length === 0 ? Effect.succeed([]) : statement(sent, wait)
      })
      const answer = yield* Effect.result(wait ? apart(sending, group) : sending)
      if (Result.isSuccess(answer)) {
        if (sent.length > 0) answered++
        for (const [nth, one] of sent.entries()) {
          const outcome = answer.success[nth]!
          if (outcome === "Busy") yield* whenBusy(one)
          else one.settle(Effect.fromResult(outcome))
        }
        return
      }
      const { failure } = answer
      if (sent.length > 1 && mayBeOnes(failure)) return yield* send(sent.map((one) => [one]), wait)
      Waiting.fail(group, failure)
      // Not for a lock that one user waits for, and not where others had answers meanwhile: then the database is well.
      if (!wait && answered === before && isNoAnswer(failure)) yield* Waiting.giveUp(queue, failure)
      return failure
    }
  )

  const send = Effect.fnUntraced(
    function*(
      groups: ReadonlyArray<ReadonlyArray<W>>,
      wait: boolean
    ): Effect.fn.Return<SessionRepoError | undefined> {
      let failure: SessionRepoError | undefined
      for (const group of groups) {
        if (failure !== undefined && endsWaiting(failure, wait)) Waiting.fail(group, failure)
        else failure = yield* sendGroup(group, wait)
      }
      return failure
    }
  )
  return send
}

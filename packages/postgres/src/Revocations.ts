/** Sends the endings of single sessions that wait in this process to the database together. */
import type { Late, SessionId, SessionRepoError } from "@sojourn/core"
import { spansOf, withBatchSpan } from "@sojourn/core/BatchSpan"
import { callerSpan } from "@sojourn/core/InnerSpan"
import { type Context, Effect, Queue, Result, type Tracer } from "effect"
import type { EndingRow } from "./EndedRow.ts"
import type { Revocation } from "./RevokeStatements.ts"
import * as Sending from "./Sending.ts"
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
  /** Whose lock is taken; before that is known, one that nobody else waits for. */
  user: string
}

/** The first of each session together, as a statement takes each session once; the others one by one. */
const groupsOf = (all: ReadonlyArray<Ending>): ReadonlyArray<ReadonlyArray<Ending>> => {
  const first = new Map<SessionId, Ending>()
  const again: Array<Ending> = []
  for (const one of all) {
    const { sessionId } = one.revocation
    if (first.has(sessionId)) again.push(one)
    else first.set(sessionId, one)
  }
  return [[...first.values()], ...again.map((one) => [one])]
}

/**
 * A lone one goes at once; while statements are under way, those that come gather for the next one. A user whose lock
 * is taken elsewhere holds up nobody: their endings wait apart.
 */
export const make = Effect.fnUntraced(function*(statements: Statements, apart: Sending.Apart<string>) {
  const waitingApart = new Set<Ending>()
  const queue = yield* Waiting.makeQueue<Ending>("end", () => waitingApart)
  const scope = yield* Effect.scope
  const whenLate = yield* Waiting.makeLate

  const rowsOf = (group: ReadonlyArray<Ending>, wait: boolean) => {
    const [one, ...more] = group.map(({ revocation }) => revocation)
    if (one === undefined) return Effect.succeed([])
    return more.length === 0
      ? Effect.map(statements.one(one, wait), (row) => [row])
      : Effect.map(
        statements.several([one, ...more]),
        (rows) => group.map(({ revocation }) => rows.get(revocation.sessionId))
      )
  }

  const statement = (group: ReadonlyArray<Ending>, wait: boolean) =>
    Effect.map(
      rowsOf(group, wait),
      (rows) =>
        rows.map((row, nth) => {
          if (row !== undefined && !row.busy) return Result.succeed(row)
          if (row?.user_id != null) group[nth]!.user = row.user_id
          return "Busy"
        })
    )

  const waitFor = (one: Ending): Effect.Effect<void> =>
    Effect.suspend(() => {
      waitingApart.add(one)
      return Effect.asVoid(Effect.forkIn(
        send([[one]], true).pipe(
          Waiting.settled("end", [one]),
          Effect.ensuring(Effect.sync(() => waitingApart.delete(one)))
        ),
        scope
      ))
    })

  const send = Sending.make(queue, statement, (sending, [one]) => apart(sending, one!.user), waitFor)

  const worker = Queue.takeBetween(queue, 1, 64).pipe(
    Effect.flatMap((all) =>
      send(groupsOf(all), false).pipe(
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
        (settle) => ({ revocation, settle, span: callerSpan(context), cancelled: false, user: revocation.sessionId }),
        whenLate(late)
      )
    )
})

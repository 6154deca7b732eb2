/** Statements that may have to wait for a lock, so that they hold up nobody else's. */
import { type Cause, Deferred, type Duration, Effect, Fiber, Function, Option, Semaphore } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { lockTaken, NoTurn } from "./DatabaseError.ts"

/** The most of a client's statements that wait at once, each on a connection: by default not half of the pool's. */
const most = 4

/** Those who wait for the same are a line, of which one has a turn: else those of one user would soon have them all. */
class Turns {
  readonly all = Semaphore.makeUnsafe(most)
  readonly lines = new Map<string, { readonly turn: Semaphore.Semaphore; length: number }>()

  withTurn<A, E>(statement: Effect.Effect<A, E>, line: string): Effect.Effect<A, E> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const mine = this.lines.get(line) ?? { turn: Semaphore.makeUnsafe(1), length: 0 }
        this.lines.set(line, mine)
        mine.length++
        return mine
      }),
      ({ turn }) => turn.withPermit(this.all.withPermit(statement)),
      (mine) =>
        Effect.sync(() => {
          if (--mine.length === 0) this.lines.delete(line)
        })
    )
  }
}

/** Of a client, however it is wrapped. */
const turnsOf = Function.memoize((_transactions: SqlClient.SqlClient["transactionService"]) => new Turns())

/** Fails where the turn does not come in time, or the answer after that. */
type Waited<A, E> = Effect.Effect<A, E | NoTurn | Cause.TimeoutError | SqlError.SqlError>

/**
 * Runs a statement on a connection that it has for itself: on one that others share, theirs would wait behind it. Not in a
 * transaction: should the connection be lost, there is nothing to roll back, which would be a defect. `line`: what it waits
 * for, such as a user's lock.
 */
export const alone = (sql: SqlClient.SqlClient, timeout: Duration.Duration) => {
  const turns = turnsOf(sql.transactionService)
  // When connections are taken away the pool opens more only for those who come later, not for those who wait already.
  const wakePool = Effect.forkDetach(Effect.ignoreCause(sql`SELECT 1`))
  return <A, E>(statement: Effect.Effect<A, E>, line: string): Waited<A, E> =>
    Effect.suspend(() => {
      const turn = Deferred.makeUnsafe<void>()
      const onItsOwn = Effect.scoped(
        Effect.flatMap(sql.reserve, (connection) =>
          Effect.andThen(wakePool, Effect.provideService(statement, sql.transactionService, [connection, 0])))
      )
      return Effect.acquireUseRelease(
        // Apart from its caller: a statement that a frozen server does not cancel holds up nobody.
        Effect.forkDetach(turns.withTurn(Effect.andThen(Deferred.succeed(turn, undefined), onItsOwn), line)),
        (fiber) =>
          Deferred.await(turn).pipe(
            Effect.timeoutOrElse({
              duration: timeout,
              orElse: () =>
                Effect.fail(new NoTurn())
            }),
            Effect.andThen(Effect.timeout(Fiber.join(fiber), timeout))
          ),
        (fiber) =>
          Effect.sync(() => fiber.interruptUnsafe())
      )
    })
}

/**
 * Runs a statement that takes a user's lock: at once when it is free; else it waits for it alone. Inside the caller's
 * transaction it is part of that and waits there. With `wait` false the statement fails when the lock is taken.
 */
export const locking = (sql: SqlClient.SqlClient, timeout: Duration.Duration) => {
  const waiting = alone(sql, timeout)
  return <A, E>(statement: (wait: boolean) => Effect.Effect<A, E>): Waited<A, E> =>
    Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
      Option.isSome(transaction)
        ? Effect.timeout(statement(true), timeout)
        : Effect.catch(Effect.timeout(statement(false), timeout), (error) => {
          const user = lockTaken(error)
          return user === undefined ? Effect.fail(error) : waiting(statement(true), user)
        }))
}

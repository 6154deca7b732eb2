/** The limit under real concurrency: several processes, real PostgreSQL, every commit checked. */
import { assert, layer } from "@effect/vitest"
import { type Limit, SessionRepo, SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, Migrations, SessionRepoPostgres, UserRepoPostgres } from "@sojourn/postgres"
import { Context, DateTime, Effect, Layer, Option, Random, Redacted } from "effect"
import { fork } from "node:child_process"
import { join } from "node:path"
import { freshDatabase } from "../../testing/test/servers.ts"
import { books, install, limitQuery, verdict } from "./raceCheck.ts"
import type { Result, Round, Way } from "./raceWorker.ts"

class Processes extends Context.Service<Processes, {
  readonly run: (rounds: ReadonlyArray<Round>) => Effect.Effect<ReadonlyArray<Result>>
}>()("test/Processes") {
  static readonly layer = (url: string, count: number) =>
    Layer.effect(
      Processes,
      Effect.gen(function*() {
        const children = yield* Effect.forEach(Array.from({ length: count }), () =>
          Effect.acquireRelease(
            Effect.sync(() => fork(join(import.meta.dirname, "raceWorker.ts"), [url])),
            (child) => Effect.sync(() => child.kill("SIGKILL"))
          ))
        const answer = (child: (typeof children)[number]) =>
          Effect.callback<unknown>((resume) => {
            child.once("message", (message) => resume(Effect.succeed(message)))
            child.once("exit", (code) => resume(Effect.die(new Error(`A process of the race ended with ${code}`))))
          })
        yield* Effect.forEach(children, answer, { concurrency: "unbounded" })
        return {
          run: (rounds) =>
            Effect.forEach(children, (child, nth) => {
              const answered = answer(child)
              child.send(rounds[nth]!)
              return answered
            }, { concurrency: "unbounded" }) as Effect.Effect<ReadonlyArray<Result>>
        }
      })
    )
}

const Race = Layer.unwrap(Effect.map(freshDatabase, (url) => {
  const database = Layer.provideMerge(Migrations.layer({ limitQuery }), Database.layer({ url }))
  return Layer.mergeAll(
    Processes.layer(Redacted.value(url), 4),
    SessionRepoPostgres.layer(),
    UserRepoPostgres.layer
  ).pipe(Layer.provideMerge(Layer.effectDiscard(install)), Layer.provideMerge(database))
}))

const putLimit = (userId: UserId, limit: Limit) =>
  UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some(limit) })))

/** Changes the limit while logins are under way and enforces it; what was active once that had returned. */
const changeLimits = Effect.fnUntraced(function*(userId: UserId, limits: ReadonlyArray<number>) {
  const repo = yield* SessionRepo
  const broken: Array<{ readonly limit: number; readonly active: number }> = []
  for (const limit of limits) {
    yield* putLimit(userId, limit)
    yield* repo.enforceLimit(userId, SessionRules.make({}), yield* DateTime.now)
    const { active } = yield* repo.list({
      userId,
      now: yield* DateTime.now,
      all: false,
      before: Option.none(),
      limit: 1
    })
    if (active > limit) broken.push({ limit, active })
    yield* Effect.sleep(yield* Random.nextIntBetween(1, 10))
  }
  return broken
})

const mixes: ReadonlyArray<ReadonlyArray<Way>> = [
  ["batched"],
  ["single"],
  ["transaction"],
  ["batched", "single", "transaction"]
]

layer(Race, { excludeTestServices: true, timeout: "60 seconds" })("C14 the limit is an invariant", (it) => {
  for (const limit of [1, 5, 50]) {
    for (const logins of [50, 500]) {
      it.effect(
        `C14 ${logins} concurrent logins of one user from 4 processes, limit ${limit}, changing meanwhile`,
        () =>
          Effect.gen(function*() {
            const userId = UserId.make(`racer-${limit}-${logins}`)
            yield* putLimit(userId, limit)
            const share = Math.ceil(logins / mixes.length)
            const [results, broken] = yield* Effect.all([
              Processes.use((processes) => processes.run(mixes.map((ways) => ({ userId, logins: share, ways })))),
              changeLimits(userId, [limit + 2, Math.max(1, limit - 1), limit + 1, limit])
            ], { concurrency: 2 })
            assert.deepStrictEqual(results.flatMap(({ failures }) => failures), [])
            assert.deepStrictEqual(broken, [])

            const { checks, deadlocks, violations } = yield* verdict
            assert.deepStrictEqual(violations, [])
            assert.isAtLeast(checks, share * mixes.length)
            assert.strictEqual(deadlocks, 0)

            const { active, created, ended, evicted, sessions, unmatched } = yield* books(userId)
            assert.strictEqual(sessions, share * mixes.length)
            assert.isAtMost(active, limit)
            assert.isAtLeast(active, 1)
            assert.deepStrictEqual({ created, evicted, unmatched }, { created: sessions, evicted: ended, unmatched: 0 })
            yield* Effect.log("The race", { limit, logins: sessions, evicted, active, checks, violations, deadlocks })
          }),
        60_000
      )
    }
  }
})

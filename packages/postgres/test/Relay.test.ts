/** The same relay in several processes, one of which is killed. */
import { assert, describe, it } from "@effect/vitest"
import { SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { Database, Migrations } from "@sojourn/postgres"
import { Effect, Fiber, Layer, Redacted, Ref, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { fork } from "node:child_process"
import { join } from "node:path"
import { freshDatabase } from "../../testing/test/servers.ts"
import { admit, stores } from "./database.ts"

const names = ["a", "b", "c"] as const
const users = [1, 2, 3].map((n) => UserId.make(`relayed-${n}`))

const startWorker = (url: string, name: string) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof fork>>((resume) => {
      const child = fork(join(import.meta.dirname, "relayWorker.ts"), [url, name])
      child.once("message", () => resume(Effect.succeed(child)))
      child.once("exit", (code) => resume(Effect.die(new Error(`A relay's process ended with ${code}`))))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

interface Delivery {
  readonly worker: string
  readonly position: number
  readonly at: Date
}

const delivered = SqlClient.SqlClient.use((sql) =>
  sql<Delivery>`SELECT worker, position::integer AS position, at FROM delivered ORDER BY nth`
)

const logged = SqlClient.SqlClient.use((sql) =>
  sql<{ readonly position: number; readonly session_id: string }>`
    SELECT position::integer AS position, session_id FROM sojourn.event_details ORDER BY position`
)

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("20 millis"), times: 1500 })

/** Logs the users in, in turn, until it is told to stop. Each may have two sessions, so that others end. */
const load = (stop: Ref.Ref<boolean>) =>
  Effect.forEach(users, (userId) =>
    admit(userId, SessionRules.make({})).pipe(
      Effect.delay("15 millis"),
      Effect.repeat({ until: () => Ref.get(stop) })
    ), { concurrency: "unbounded", discard: true })

describe("EventRelay", () => {
  it.live(
    "D5 of three processes one delivers; when it is killed another goes on within 5 s: all events, in order",
    () =>
      Effect.gen(function*() {
        const url = yield* freshDatabase
        yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* sql`
            CREATE TABLE delivered (
              nth bigint GENERATED ALWAYS AS IDENTITY, worker text, position bigint, at timestamptz DEFAULT clock_timestamp()
            )`
          yield* Effect.forEach(users, (id) => UserRepo.use((repo) => repo.put(User.make({ id }))))
          const workers = yield* Effect.forEach(names, (name) => startWorker(Redacted.value(url), name), {
            concurrency: "unbounded"
          })
          const stop = yield* Ref.make(false)
          const loading = yield* Effect.forkChild(load(stop))

          const before = yield* until(delivered, (rows) => rows.length >= 200)
          const active = before[0]!.worker
          assert.deepStrictEqual(new Set(before.map(({ worker }) => worker)), new Set([active]))
          assert.deepStrictEqual(
            before.map(({ position }) => position),
            (yield* logged).slice(0, before.length).map(({ position }) => position)
          )

          workers[names.findIndex((name) => name === active)]!.kill("SIGKILL")
          const [killed] = yield* sql<{ readonly at: Date }>`SELECT clock_timestamp() AS at`
          const after = yield* until(delivered, (rows) => rows.some(({ worker }) => worker !== active))
          const next = after.find(({ worker }) => worker !== active)!
          const took = next.at.getTime() - killed!.at.getTime()
          yield* Effect.log(`Taken over ${took} ms after the kill`)
          assert.isBelow(took, 5000)
          yield* Effect.sleep("500 millis")
          yield* Ref.set(stop, true)
          yield* Fiber.join(loading)

          const log = yield* logged
          const all = yield* until(delivered, (rows) => rows.at(-1)?.position === log.at(-1)?.position)
          assert.deepStrictEqual(new Set(all.map(({ worker }) => worker)), new Set([active, next.worker]))
          const [of, by] = [active, next.worker].map((worker) => all.filter((row) => row.worker === worker))
          const firstLeft = log[of!.length]?.position ?? Infinity
          assert.isAtMost(next.position, firstLeft)
          assert.deepStrictEqual(of!.map(({ position }) => position), log.slice(0, of!.length).map((e) => e.position))
          assert.deepStrictEqual(
            by!.map(({ position }) => position),
            log.filter(({ position }) => position >= next.position).map(({ position }) => position)
          )
          yield* Effect.log(`${log.length} events, of which ${all.length - log.length} came twice`)
        }).pipe(
          Effect.provide(
            stores().pipe(Layer.provideMerge(Migrations.layer()), Layer.provideMerge(Database.layer({ url })))
          )
        )
      }).pipe(Effect.scoped),
    90_000
  )
})

/** A process killed anywhere: sessions and events agree, and the relay's subscriber has missed nothing. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { assert, it } from "@effect/vitest"
import { Database, EventLogPostgres, Migrations, RelayRepoPostgres } from "@sojourn/postgres"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { fork } from "node:child_process"
import { join } from "node:path"
import { RelayName, runRelay, sinkEach } from "sojourn"
import { describeRedis, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { disagreements, omissions, recordedTable, settled } from "./killedCheck.ts"
import { type Point, points, type Settings } from "./killedPoints.ts"

/** Two at a time, each in a database of its own. */
const lanes = 2

const kill = (settings: Settings) =>
  Effect.callback<string>((resume) => {
    const child = fork(join(import.meta.dirname, "killedWorker.ts"), [JSON.stringify(settings)])
    child.once("exit", (code, signal) => resume(Effect.succeed(signal ?? `exit code ${code}`)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const name = ({ label, nth, phase }: Point) => `${phase} ${label} ${nth}`

/** Delivers what is left, and stops at the end of the log. */
const finish = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const relay = yield* Effect.forkChild(runRelay(
    RelayName.make("recorder"),
    sinkEach(({ event, position }) =>
      sql`INSERT INTO recorded (position, event_id, session_id) VALUES (
        ${BigInt(position)}, ${event.eventId}, ${"sessionId" in event ? event.sessionId : null}
      )`
    )
  ))
  yield* sql<{ readonly behind: boolean }>`
    SELECT position < (SELECT max(position) FROM sojourn.event_details) AS behind FROM sojourn.relays`.pipe(
    Effect.delay("20 millis"),
    Effect.repeat({ until: ([row]) => row?.behind === false })
  )
  yield* Fiber.interrupt(relay)
})

const lane = Effect.fnUntraced(function*(points: ReadonlyArray<Point>) {
  const url = yield* freshDatabase
  const prefix = yield* freshRedisPrefix
  const settings = { databaseUrl: Redacted.value(url), redisUrl: redisUrl ?? "", prefix }
  const App = Layer.mergeAll(EventLogPostgres.layer, RelayRepoPostgres.layer).pipe(
    Layer.provideMerge(Migrations.layer()),
    Layer.provideMerge(Database.layer({ url, maxConnections: 1 })),
    Layer.provideMerge(NodeCrypto.layerSecureRandom)
  )
  return yield* Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* recordedTable
    for (const point of points) {
      assert.strictEqual(yield* kill({ ...settings, point }), "SIGKILL", name(point))
      yield* settled
      assert.deepStrictEqual(yield* disagreements, [], name(point))
      assert.deepStrictEqual(yield* omissions, [], name(point))
    }
    yield* finish
    assert.deepStrictEqual(yield* omissions, [])
    const [counted] = yield* sql<{ readonly events: bigint; readonly recorded: bigint; readonly deliveries: bigint }>`
      SELECT (SELECT count(*) FROM sojourn.event_details) AS events,
        (SELECT count(DISTINCT event_id) FROM recorded) AS recorded, (SELECT count(*) FROM recorded) AS deliveries`
    return counted!
  }).pipe(Effect.provide(App, { local: true }))
})

describeRedis("killed", () => {
  it.live(
    `D1 D2 at ${points.length} points: state and events agree, and every event was delivered, in order per session`,
    () =>
      Effect.gen(function*() {
        const counts = yield* Effect.forEach(
          Array.from({ length: lanes }, (_, lane) => points.filter((_, at) => at % lanes === lane)),
          lane,
          { concurrency: lanes }
        )
        for (const { events, recorded, deliveries } of counts) {
          yield* Effect.log(`${events} events, ${recorded} recorded, ${deliveries - recorded} of them again`)
          assert.strictEqual(recorded, events)
          assert.isAbove(Number(events), 1000)
        }
      }).pipe(Effect.scoped),
    1_200_000
  )
})

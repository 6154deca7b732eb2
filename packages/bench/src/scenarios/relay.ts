/** What relays cost the logins, and how fast one that was away catches up. */
import { layerRelay, RelayName, RelayRepo } from "@sojourn/core"
import { Effect, Layer, Redacted } from "effect"
import { setTimeout } from "node:timers/promises"
import { Client } from "pg"
import { Sojourn } from "sojourn"
import { fibers, load } from "../Load.ts"
import { logins } from "../Logins.ts"
import { details, ratio, rounds, summary } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { atTheLimit, seeded } from "../Seed.ts"
import { createNext, open, openSojourn } from "../SojournSide.ts"

const name = RelayName.make("nowhere")
const nowhere = () => Effect.void

/** Sojourn with a relay of the application's, and with the one that repairs the cache or without. */
const openWithRelay = (env: BenchEnv, databaseUrl: string, cacheRepair: boolean) =>
  open(
    layerRelay(name, nowhere).pipe(Layer.provideMerge(Sojourn.layer({
      databaseUrl: Redacted.make(databaseUrl),
      redisUrl: Redacted.make(env.redisUrl),
      redisPrefix: env.freshPrefix(),
      sweepEvery: "never",
      cacheRepair
    })))
  )

const sides = ["with a relay", "without", "with a relay and the cache's repair"] as const

const throughput = async (env: BenchEnv, mode: Mode): Promise<ReadonlyArray<Measured>> => {
  const { count, millis } = mode === "full" ? { count: 7, millis: 1_000 } : { count: 5, millis: 300 }
  const opened = [
    await openWithRelay(env, await seeded(env, atTheLimit), false),
    await openSojourn(env, await seeded(env, atTheLimit)),
    await openWithRelay(env, await seeded(env, atTheLimit), true)
  ]
  const drives = opened.map(({ context }) => fibers(context, createNext(logins(atTheLimit.users))))
  const results = await rounds(
    drives.map((drive, nth) => ({ name: sides[nth]!, round: () => load(env, drive, 64, millis) })),
    count
  )
  await Promise.all(opened.map(({ close }) => close()))
  const what = "create, 64 at once, evicting"
  return [{
    name: "create with a relay",
    title: `${what}, with a relay in the same process: throughput against without`,
    target: { atLeast: 0.9 },
    unit: "ratio",
    ...ratio(results, sides[0], sides[1], "perSecond"),
    details: details(results),
    note: "The relay carries every event to a sink that does nothing."
  }, {
    name: "create with relays",
    title: `${what}, with the relay that repairs the cache as well: throughput against without either`,
    unit: "ratio",
    ...ratio(results, sides[2], sides[1], "perSecond"),
    details: [],
    note: "It reads the log once more, and looks in Redis for the tombstone of every session that ended."
  }]
}

/** Some logins' events, so often that there are at least so many; gives how many. */
const backlog = async (url: string, events: number): Promise<number> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns
      WHERE table_schema = 'sojourn' AND table_name = 'session_events' AND column_name <> 'position'`
  )
  const columns = rows.map(({ column_name }) => column_name).join(", ")
  // A row may have two events.
  const { rows: [logged] } = await client.query<{ count: number }>(
    "SELECT (count(*) + count(evicted))::int AS count FROM sojourn.session_events"
  )
  const times = Math.ceil(events / logged!.count)
  await client.query(
    `INSERT INTO sojourn.session_events (${columns}) SELECT ${columns} FROM sojourn.session_events, generate_series(2, ${times})`
  )
  await client.query("VACUUM ANALYZE")
  await client.end()
  return times * logged!.count
}

const catchUp = async (env: BenchEnv, mode: Mode): Promise<Measured> => {
  const { count, events } = mode === "full" ? { count: 3, events: 1_000_000 } : { count: 1, events: 100_000 }
  const url = await seeded(env, atTheLimit)
  const sojourn = await openSojourn(env, url)
  await load(env, fibers(sojourn.context, createNext(logins(atTheLimit.users))), 64, 500)
  const behind = await backlog(url, events)
  const rates: Array<number> = []
  const heaps: Array<number> = []
  for (let nth = 0; nth < count; nth++) {
    const relay = RelayName.make(`away-${nth}`)
    const progress = Effect.map(RelayRepo.use((repo) => repo.list), (all) => all.find((of) => of.name === relay))
    const start = performance.now()
    const running = await open(layerRelay(relay, nowhere).pipe(Layer.provide(Layer.succeedContext(sojourn.context))))
    let reached = await Effect.runPromiseWith(sojourn.context)(progress)
    while (reached === undefined || reached.position < reached.head) {
      await setTimeout(50)
      reached = await Effect.runPromiseWith(sojourn.context)(progress)
      heaps.push(process.memoryUsage().heapUsed)
    }
    rates.push(behind / ((performance.now() - start) / 1000))
    await running.close()
  }
  await sojourn.close()
  return {
    name: "relay catches up",
    title: `a relay that is ${events.toLocaleString("en")} events behind, into a sink that does nothing`,
    target: { atLeast: 10_000 },
    unit: "per second",
    ...summary(rates),
    details: [{ "events": behind, "heap at most, MB": Math.round(Math.max(...heaps) / 1e6) }]
  }
}

export const relay: Scenario = {
  name: "relay",
  run: async (env, mode) => [...await throughput(env, mode), await catchUp(env, mode)]
}

/** Whether one busy user holds up the others. */
import { Effect } from "effect"
import { setTimeout } from "node:timers/promises"
import { Client } from "pg"
import { type Drive, fibers, load } from "../Load.ts"
import { logins, userIdOf } from "../Logins.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createAs, createNext, loginAs, openSojourn } from "../SojournSide.ts"

const users = 5000
const heldMillis = 200
/** Of 64 logins at once, those of the user whose lock is held. */
const ofBusy = 4

/** A user beside those who log in at random. */
const busy = userIdOf(users - 1)

/** Holds the user's lock again and again, as a slow transaction of the application's would. */
const holder = async (url: string) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  return {
    close: () => client.end(),
    holdUntil: async (isOver: () => boolean) => {
      while (!isOver()) {
        await client.query("BEGIN")
        await client.query("SELECT pg_advisory_xact_lock(sojourn.user_lock($1))", [busy])
        await setTimeout(heldMillis)
        await client.query("COMMIT")
      }
    }
  }
}

export const lock: Scenario = {
  name: "lock",
  run: async (env, mode) => {
    const { count, millis } = mode === "full" ? { count: 7, millis: 1000 } : { count: 5, millis: 450 }
    const url = await seeded(env, { users, maxSessions: 5, sessions: 5 })
    const sojourn = await openSojourn(env, url)
    const { close, holdUntil } = await holder(url)
    const others = fibers(sojourn.context, createNext(logins(users - 1)))
    const same = fibers(sojourn.context, Effect.suspend(() => createAs(loginAs(busy))))
    /** Only what the others' logins took is told. */
    const together: Drive = (concurrency, hasTime, took) =>
      Promise.all([others(concurrency - ofBusy, hasTime, took), same(ofBusy, hasTime, () => {})])
    const disturbed: Drive = async (concurrency, hasTime, took) => {
      let isOver = false
      const held = holdUntil(() => isOver)
      await together(concurrency, hasTime, took)
      isOver = true
      await held
    }
    const sides = ["lock held", "undisturbed"] as const
    const results = await rounds([
      { name: sides[0], round: () => load(env, disturbed, 64, millis) },
      { name: sides[1], round: () => load(env, together, 64, millis) }
    ], count)
    await sojourn.close()
    await close()
    return [{
      name: "lock",
      title: `create, 64 at once, with one user's lock held for ${heldMillis} ms again and again: p90 of the others`,
      target: { atMost: 2 },
      unit: "ratio",
      ...ratio(results, sides[0], sides[1], "p90"),
      details: details(results),
      note: `${ofBusy} of the 64 logins under way are of the user whose lock is held; they are not in the figures.`
    }]
  }
}

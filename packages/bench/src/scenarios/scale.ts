/** What an operation costs PostgreSQL when the table is a thousand times as large. */
import {
  Actor,
  ListSessions,
  listSessions,
  RevokeSession,
  revokeSession,
  SessionId,
  SessionLookup,
  UserId
} from "@sojourn/core"
import { Effect, Option } from "effect"
import { Client } from "pg"
import type { Sojourn } from "sojourn"
import { type Drive, fibers, load } from "../Load.ts"
import { logins } from "../Logins.ts"
import { details, ratio, rounds, unmeasured } from "../Rounds.ts"
import type { BenchEnv, Measured, Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"

const sessionsEach = 5
const few = 10_000

const names = ["validate", "list", "revoke", "create"] as const
type Name = (typeof names)[number]

interface Owned {
  readonly id: string
  readonly user_id: string
}

/** Up to so many sessions from all over the table, in random order. */
const sample = async (url: string, sessions: number, count: number): Promise<Array<Owned>> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Owned>(
    `SELECT id, user_id FROM sojourn.sessions TABLESAMPLE BERNOULLI (${Math.min(100, 300 * count / sessions)})
      ORDER BY random() LIMIT ${count}`
  )
  await client.end()
  return rows
}

/** So many operations, or fewer when the time is over before. */
const atMost = (count: number, drive: Drive): Drive => (concurrency, hasTime, took) => {
  let left = count
  return drive(concurrency, () => left-- > 0 && hasTime(), took)
}

const roundMillis = 2000

const openTable = async (env: BenchEnv, sessions: number) => {
  const users = sessions / sessionsEach
  const start = performance.now()
  const url = await seeded(env, { users, maxSessions: sessionsEach, sessions: sessionsEach })
  const fillSeconds = (performance.now() - start) / 1000
  const sojourn = await openSojourn(env, url)
  const next = logins(users)
  const found = await sample(url, sessions, few)
  const toFind = found.values()
  const toEnd = found.values()
  const operations: Record<Name, Effect.Effect<unknown, unknown, Sojourn.Services>> = {
    validate: Effect.suspend(() =>
      SessionLookup.use((lookup) => lookup.credential(SessionId.make(toFind.next().value!.id)))
    ),
    list: Effect.suspend(() => listSessions(ListSessions.make({ userId: UserId.make(next().userId) }))),
    revoke: Effect.suspend(() =>
      revokeSession(RevokeSession.make({
        sessionId: SessionId.make(toEnd.next().value!.id),
        actor: Actor.make({ kind: "system", id: Option.none() })
      }))
    ),
    create: createNext(next)
  }
  return {
    fillSeconds,
    close: sojourn.close,
    round: (name: Name, count: number) =>
      load(env, atMost(count, fibers(sojourn.context, operations[name])), 64, roundMillis)
  }
}

const what = {
  validate: "validate, not cached",
  list: "list, 5 sessions each",
  revoke: "revoke",
  create: "create, evicting"
}

export const scale: Scenario = {
  name: "scale",
  run: async (env, mode) => {
    // The fill takes some 30 µs a session.
    const { count, many } = mode === "full" ? { count: 7, many: 10_000_000 } : { count: 5, many: 100_000 }
    // A session can be revoked once: with the rounds that do not count they must not run out.
    const operations = few / (count + unmeasured) - 64
    const small = await openTable(env, few)
    const large = await openTable(env, many)
    const measured: Array<Measured> = []
    for (const name of names) {
      const sides = [`${few.toLocaleString("en")} sessions`, `${many.toLocaleString("en")} sessions`] as const
      const results = await rounds([
        { name: sides[0], round: () => small.round(name, operations) },
        { name: sides[1], round: () => large.round(name, operations) }
      ], count)
      measured.push({
        name: `scale ${name}`,
        title: `${what[name]}, with ${many.toLocaleString("en")} sessions in the table against ` +
          `${few.toLocaleString("en")}: PostgreSQL CPU`,
        target: { atMost: 1.5 },
        unit: "ratio",
        ...ratio(results, sides[1], sides[0], "postgresMicros"),
        details: details(results),
        note: `64 at once, of users at random. The large table was filled in ${Math.round(large.fillSeconds)} seconds.`
      })
    }
    await small.close()
    await large.close()
    return measured
  }
}

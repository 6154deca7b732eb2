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
import { type Login, logins, userIdSql } from "../Logins.ts"
import { details, ratio, rounds, unmeasured } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"

const sessionsEach = 5
const few = 10_000
/** So many that the pages of their sessions, wherever they lie, fit into PostgreSQL's default `shared_buffers`. */
const activeUsers = 1000

// Revocations come last, as a user who has lost a session is not at the limit any more.
const names = ["validate", "list", "create", "revoke"] as const
type Name = (typeof names)[number]

/** Who comes: as many users of either table, spread all over it, or any of all that it has. */
type Who = "some" | "all"

const run = async <A>(url: string, use: (client: Client) => Promise<A>): Promise<A> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  return use(client).finally(() => client.end())
}

/** Up to so many live sessions, in random order. */
const sample = (url: string, sessions: number, who: Who, count: number) =>
  run(url, async (client) => {
    const from = who === "all"
      ? `sojourn.sessions s TABLESAMPLE BERNOULLI (${Math.min(100, 200 * count / sessions)})`
      : `generate_series(0, ${activeUsers - 1}) nth JOIN sojourn.sessions s ON hashtextextended(user_id, 0) =
          hashtextextended(${userIdSql(`nth * ${sessions / sessionsEach / activeUsers}`)}, 0)`
    const { rows } = await client.query<{ readonly id: string }>(
      `SELECT s.id FROM ${from} WHERE s.ended_at IS NULL ORDER BY random() LIMIT ${count}`
    )
    return rows.map(({ id }) => SessionId.make(id))
  })

/** What the fill left to be written must not be written while others are measured. Not all may ask for it. */
const checkpoint = (url: string) => run(url, (client) => client.query("CHECKPOINT")).catch(() => undefined)

/** So many operations, or fewer when the time is over before. */
const atMost = (count: number, drive: Drive): Drive => (concurrency, hasTime, took) => {
  let left = count
  return drive(concurrency, (now) => left-- > 0 && hasTime(now), took)
}

const roundMillis = 2000

/** Of a round. A session can be revoked once: with the rounds that do not count they must not run out. */
const operationsOf = (name: Name, rounds: number, mode: Mode) =>
  Math.floor(
    name === "revoke" ? activeUsers * sessionsEach / rounds - 100 : (mode === "full" ? 2 * few : few / 2) / rounds
  )

const operation = (name: Name, next: () => Login, sessions: ReadonlyArray<SessionId>) => {
  let nth = 0
  const nextId = () => sessions[nth++ % sessions.length]!
  const operations: Record<Name, Effect.Effect<unknown, unknown, Sojourn.Services>> = {
    validate: Effect.suspend(() => SessionLookup.use((lookup) => lookup.credential(nextId()))),
    list: Effect.suspend(() => listSessions(ListSessions.make({ userId: UserId.make(next().userId) }))),
    create: createNext(next),
    revoke: Effect.suspend(() =>
      revokeSession(RevokeSession.make({
        sessionId: nextId(),
        actor: Actor.make({ kind: "system", id: Option.none() })
      }))
    )
  }
  return operations[name]
}

const openTable = async (env: BenchEnv, sessions: number) => {
  const users = sessions / sessionsEach
  const start = performance.now()
  const url = await seeded(env, { users, maxSessions: sessionsEach, sessions: sessionsEach })
  await checkpoint(url)
  const fillSeconds = (performance.now() - start) / 1000
  const sojourn = await openSojourn(env, url)
  const next = { some: logins(activeUsers, users / activeUsers), all: logins(users) }
  return {
    name: `${sessions.toLocaleString("en")} sessions`,
    fillSeconds,
    close: sojourn.close,
    /** What runs a round. */
    rounds: async (name: Name, who: Who, count: number) => {
      const ids = await sample(url, sessions, who, 2 * few)
      const drive = fibers(sojourn.context, operation(name, next[who], ids))
      return () => load(env, atMost(count, drive), 64, roundMillis)
    }
  }
}

const what = {
  validate: "validate, not cached",
  list: "list, 5 sessions each",
  create: "create, evicting",
  revoke: "revoke"
}

const whose = { some: `the same ${activeUsers.toLocaleString("en")} users`, all: "users at random of all" }

export const scale: Scenario = {
  name: "scale",
  run: async (env, mode) => {
    // The fill takes some 30 µs a session.
    const { count, many } = mode === "full" ? { count: 7, many: 10_000_000 } : { count: 5, many: 100_000 }
    const small = await openTable(env, few)
    const large = await openTable(env, many)
    const measured: Array<Measured> = []
    for (const name of names) {
      for (const who of ["some", "all"] as const) {
        const operations = operationsOf(name, count + unmeasured, mode)
        const results = await rounds([
          { name: small.name, round: await small.rounds(name, who, operations) },
          { name: large.name, round: await large.rounds(name, who, operations) }
        ], count)
        measured.push({
          name: `scale ${name} ${who}`,
          title: `${what[name]}, ${whose[who]}, with ${large.name} in the table against ${few.toLocaleString("en")}: ` +
            "PostgreSQL CPU",
          target: { atMost: 1.5 },
          unit: "ratio",
          ...ratio(results, large.name, small.name, "postgresMicros"),
          details: details(results),
          note: `64 at once. The large table was filled in ${Math.round(large.fillSeconds)} seconds.`
        })
      }
    }
    await small.close()
    await large.close()
    return measured
  }
}

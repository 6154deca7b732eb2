/** A lone login and several at once take different statements, which must do the same. */
import { assert, layer } from "@effect/vitest"
import { SessionRules, UserId } from "@sojourn/core"
import { make } from "@sojourn/postgres/Admit"
import { DateTime, Duration, Effect, Option, Result } from "effect"
import { SqlClient } from "effect/sql"
import { candidateOf, postgres } from "./database.ts"

interface Before {
  /** Minutes before the login. */
  readonly created: number
  readonly seen: number
  readonly trusted?: boolean
  readonly idleMinutes?: number
  readonly lifeMinutes?: number
}

const histories: ReadonlyArray<ReadonlyArray<Before>> = [
  [],
  [{ created: 30, seen: 30 }, { created: 20, seen: 20 }, { created: 10, seen: 10 }],
  // Seen in another order than created; one idle, one expired.
  [
    { created: 60, seen: 1 },
    { created: 50, seen: 50, trusted: true },
    { created: 40, seen: 30, idleMinutes: 5 },
    { created: 30, seen: 25 },
    { created: 20, seen: 20, lifeMinutes: 10 },
    { created: 10, seen: 2, trusted: true }
  ],
  [{ created: 30, seen: 1, trusted: true }, { created: 20, seen: 1 }, { created: 10, seen: 1, trusted: true }]
]

const rules = (["evict-oldest", "evict-least-recently-used", "reject"] as const).flatMap((atLimit) =>
  [false, true].flatMap((protectTrusted) =>
    [Option.none(), Option.some(Duration.minutes(5))].map((protectActiveWithin) =>
      SessionRules.make({ atLimit, protectTrusted, protectActiveWithin })
    )
  )
)

const limits = [0, 1, 2, 3, 5, null]

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("the ways in", (it) => {
  const given = Effect.fnUntraced(
    function*(name: string, limit: number | null, history: ReadonlyArray<Before>, at: Date) {
      const sql = yield* SqlClient.SqlClient
      yield* sql`INSERT INTO sojourn.users (id, max_sessions, unlimited) VALUES (${name}, ${limit}, ${limit === null})`
      yield* Effect.forEach(
        history,
        ({ created, idleMinutes, lifeMinutes, seen, trusted }, n) =>
          sql`INSERT INTO sojourn.sessions (id, user_id, secret_hash, device, created_at, last_activity_at, expires_at,
          idle_timeout_ms, trusted)
        SELECT gen_random_uuid(), ${name}, decode(repeat('ab', 32), 'hex'), ${`["${n}","desktop"]`}::json, t.created,
          ${at}::timestamptz - ${seen} * interval '1 minute',
          t.created + ${lifeMinutes ?? 1000} * interval '1 minute', ${(idleMinutes ?? 0) * 60_000 || null}::bigint,
          ${trusted ?? false}
        FROM (SELECT ${at}::timestamptz - ${created} * interval '1 minute' AS created) t`
      )
    }
  )

  /** Everything that the login left behind, without ids. */
  const told = Effect.fnUntraced(function*(name: string) {
    const sql = yield* SqlClient.SqlClient
    return {
      sessions: yield* sql`
        SELECT device, created_at, last_activity_at, expires_at, active_until, idle_timeout_ms, ended_at, ended_reason,
          ended_by_kind, ended_by_id, trusted, refresh_token_id, user_agent, ip_address, last_ip_address, location
        FROM sojourn.sessions WHERE user_id = ${name} ORDER BY created_at`,
      events: yield* sql`
        SELECT type, at, actor_kind, actor_id, actor_ip, data, device, location, expires_at, evicted_by IS NULL AS alone
        FROM sojourn.event_details WHERE user_id = ${name} ORDER BY position`
    }
  })

  it.effect.each(histories.map((history, n) => [n, history] as const))(
    "C14 a login has the same outcome alone as among others: history %i",
    ([n, history]) =>
      Effect.gen(function*() {
        const admit = yield* make
        const now = yield* DateTime.now
        for (const [r, rule] of rules.entries()) {
          for (const limit of limits) {
            const [alone, among, other] = ["alone", "among", "other"].map((one) =>
              UserId.make(`${one}-${n}-${r}-${limit}`)
            )
            yield* Effect.forEach([alone!, among!], (name) => given(name, limit, history, DateTime.toDate(now)))
            yield* given(other!, 1, [], DateTime.toDate(now))
            const login = (name: UserId) =>
              candidateOf(name, { createdAt: now, lastActivityAt: now, expiresAt: DateTime.add(now, { days: 1 }) })
            const [one] = yield* admit([yield* login(alone!)], rule, false)
            const [, same] = yield* admit([yield* login(other!), yield* login(among!)], rule, false)
            const summary = (outcome: typeof one) =>
              outcome === undefined || outcome === "Busy"
                ? outcome
                : Result.match(outcome, {
                  onFailure: (error) => ({ ...error, userId: null, name: error._tag }),
                  onSuccess: ({ bornEnded, events, evicted, expired }) => ({
                    bornEnded,
                    evicted: evicted.length,
                    expired: expired.length,
                    events: events.map((event) => [event._tag, "device" in event ? event.device : null, event.at])
                  })
                })
            assert.deepStrictEqual(summary(one), summary(same))
            assert.deepStrictEqual(yield* told(alone!), yield* told(among!))
          }
        }
      }),
    60_000
  )

  it.effect.each([["alone", 1], ["among others", 2]] as const)(
    "D1 %s a login shares a row of the log with one session that it ends; any others have rows of their own",
    ([name, logins]) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const admit = yield* make
        const now = yield* DateTime.now
        const person = UserId.make(`rows ${name}`)
        yield* given(person, 1, histories[1]!, DateTime.toDate(now))
        yield* given(`${person}, other`, 1, [], DateTime.toDate(now))
        const login = Effect.gen(function*() {
          const candidates = [yield* candidateOf(person), yield* candidateOf(UserId.make(`${person}, other`))]
          yield* admit(candidates.slice(0, logins), SessionRules.make({}), true)
          const [counted] = yield* sql<{ readonly rows: number; readonly events: number }>`
            SELECT (SELECT count(*)::integer FROM sojourn.session_events WHERE user_id = ${person}) AS rows,
              (SELECT count(*)::integer FROM sojourn.event_details WHERE user_id = ${person}) AS events`
          return counted
        })
        assert.deepStrictEqual(yield* login, { rows: 3, events: 4 })
        assert.deepStrictEqual(yield* login, { rows: 4, events: 6 })
      })
  )
})

/** Rows of the event log: the database's words are those of the events, and a row that cannot be read is told. */
import { assert, layer } from "@effect/vitest"
import {
  Actor,
  EndReason,
  EventLog,
  EventLogError,
  SessionEvent,
  SessionRepo,
  SessionRules,
  system,
  User,
  UserRepo
} from "@sojourn/core"
import { Fixtures } from "@sojourn/testing"
import { DateTime, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { postgres } from "./database.ts"

const read = (after: number) => EventLog.use((log) => log.read({ after, limit: 1, userId: Option.none() }))

const loggedIn = Effect.gen(function*() {
  const userId = yield* Fixtures.freshUserId
  yield* UserRepo.use((users) => users.put(User.make({ id: userId, maxSessions: Option.some("unlimited") })))
  const asking = yield* Fixtures.candidate({ userId })
  yield* SessionRepo.use((repo) => repo.admit(asking, SessionRules.make({})))
  return asking.session
})

const unchanged = "type = type"

layer(postgres(), { excludeTestServices: true, timeout: "60 seconds" })("rows of the event log", (it) => {
  it.effect.each(
    [
      ["event_type", SessionEvent.members.map(({ identifier }) => identifier)],
      ["end_reason", EndReason.literals],
      ["actor_kind", Actor.fields.kind.literals]
    ] as const
  )("D1 the type %s has every word that there is, and no other", ([type, words]) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql<{ readonly word: string }>`
        SELECT unnest(enum_range(NULL::${sql(`sojourn.${type}`)}))::text AS word`
      assert.sameMembers(rows.map(({ word }) => word), [...words])
    }))

  it.effect.each(
    [
      ["a type that is unknown", "ALTER TYPE sojourn.event_type ADD VALUE 'SessionPainted'", "type = 'SessionPainted'"],
      ["a device of another form", `UPDATE sojourn.sessions SET device = '{"name": "Chrome"}'`, unchanged],
      ["a device of an unknown kind", `UPDATE sojourn.sessions SET device = '["Chrome", "toaster"]'`, unchanged],
      ["a device whose name is a number", `UPDATE sojourn.sessions SET device = '[1, "desktop"]'`, unchanged],
      ["a place that is a number", "UPDATE sojourn.sessions SET location = '[1]'", unchanged],
      ["no expiry", "SELECT", "expires_at = NULL"],
      ["no session", "SELECT", "session_id = NULL"],
      ["a count that is a text", "SELECT", `type = 'SuspiciousActivityRecorded', data = '{"count": "1"}'`],
      ["an unknown reason", "SELECT", `type = 'SessionRevoked', data = '{"reason": "boredom"}'`],
      [
        "an unknown reuse",
        "SELECT",
        `type = 'SessionRevoked', data = '{"reason": "rotation_reuse", "reuse": "prank"}'`
      ],
      ["no count", "SELECT", "type = 'SuspiciousActivityRecorded'"],
      ["another reason", "SELECT", `type = 'SessionExpired', data = '{"reason": "logout"}'`]
    ] as const
  )("D2 %s: the log fails with the position, and goes on after it", ([, first, change]) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* loggedIn
      const [row] = yield* sql<
        { readonly position: bigint }
      >`SELECT max(position) AS position FROM sojourn.session_events`
      const position = Number(row?.position)
      yield* sql.unsafe(first)
      yield* sql.unsafe(`UPDATE sojourn.session_events SET ${change} WHERE position = ${position}`)
      const error = yield* Effect.flip(read(position - 1))
      assert.instanceOf(error, EventLogError)
      assert.strictEqual(error.reason, "InvalidData")
      assert.include(error.message, `position ${position} `)
      const next = yield* loggedIn
      const [event] = yield* read(position)
      assert.strictEqual(event?.event.userId, next.userId)
      yield* sql`DELETE FROM sojourn.sessions`
    }))

  it.effect("P11 erasing a user while a purge is under way: nothing that it moves is left", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const sql = yield* SqlClient.SqlClient
      const later = Fixtures.after("40 days")
      const purge = repo.purge(Fixtures.after("41 days"), 100)
      yield* repo.sweep(later, 100)
      yield* purge
      const { userId } = yield* loggedIn
      yield* repo.sweep(later, 100)
      yield* sql`
        CREATE FUNCTION public.pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$`
      yield* sql`
        CREATE TRIGGER pause AFTER INSERT ON sojourn.purged_sessions FOR EACH ROW EXECUTE FUNCTION public.pause()`
      // A transaction has its connection for itself.
      const purging = yield* Effect.forkChild(sql.withTransaction(purge))
      yield* Effect.sleep("200 millis")
      yield* repo.erase(userId, system, later)
      yield* repo.forget(userId)
      assert.strictEqual(yield* Fiber.join(purging), 1)
      yield* sql`DROP TRIGGER pause ON sojourn.purged_sessions`
      const kept = yield* sql`SELECT device, location FROM sojourn.purged_sessions WHERE user_id = ${userId}`
      assert.deepStrictEqual(kept, [{ device: null, location: null }])
    }))

  it.effect("erasing a user who has very much goes in parts, and leaves nothing", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const sql = yield* SqlClient.SqlClient
      const userId = yield* Fixtures.freshUserId
      const other = yield* Fixtures.freshUserId
      for (const id of [userId, other]) {
        yield* sql`
          WITH made AS (
            INSERT INTO sojourn.sessions (id, user_id, secret_hash, created_at, last_activity_at, expires_at, ended_at,
              ended_reason, ended_by_kind, device)
            SELECT gen_random_uuid(), ${id}, decode(repeat('ab', 32), 'hex'), t.at, t.at, t.at + interval '30 days', t.at,
              'logout', 'user', '["Chrome", "desktop"]'
            FROM generate_series(1, 12000), LATERAL (SELECT timestamptz '2026-01-01' AS at) t RETURNING id, created_at
          )
          INSERT INTO sojourn.session_events (type, at, expires_at, user_id, session_id, actor_ip)
          SELECT 'SessionCreated', created_at, created_at, ${id}, id, '192.0.2.1' FROM made`
      }
      yield* repo.purge(DateTime.makeUnsafe("2026-01-02"), 11_000)
      yield* repo.forget(userId)
      const left = sql`
        SELECT (SELECT count(*)::integer FROM sojourn.sessions WHERE user_id = u) AS sessions,
          (SELECT count(*)::integer FROM sojourn.purged_sessions WHERE user_id = u) AS purged,
          (SELECT count(device)::integer FROM sojourn.event_details WHERE user_id = u) AS devices,
          (SELECT count(expires_at)::integer FROM sojourn.event_details WHERE user_id = u) AS expiries,
          (SELECT count(actor_ip)::integer FROM sojourn.session_events WHERE user_id = u) AS addresses
        FROM unnest(ARRAY[${userId}, ${other}]::text[]) u`
      const [forgotten, untouched] = yield* left
      assert.deepStrictEqual(forgotten, { sessions: 0, purged: 12_000, devices: 0, expiries: 12_000, addresses: 0 })
      assert.deepInclude(untouched, { devices: 12_000, expiries: 12_000, addresses: 12_000 })
    }))
})

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
import { Effect, Fiber, Option } from "effect"
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
      ["a device of another form", "SELECT", `device = '{"name": "Chrome"}'`],
      ["a device of an unknown kind", "SELECT", `device = '["Chrome", "toaster"]'`],
      ["a place that is a number", "SELECT", "location = '[1]'"],
      ["no expiry anywhere", "DELETE FROM sojourn.sessions", "device = NULL"],
      ["no session", "SELECT", "session_id = NULL"],
      ["a device whose name is a number", "SELECT", `device = '[1, "desktop"]'`],
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
    }))

  it.effect("erasing a user while a purge begins: neither waits for the other for good, and nothing is left", () =>
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
        CREATE TRIGGER pause AFTER UPDATE ON sojourn.session_events FOR EACH ROW EXECUTE FUNCTION public.pause()`
      // A transaction has its connection for itself.
      const erasing = yield* Effect.forkChild(sql.withTransaction(repo.erase(userId, system, later)))
      yield* Effect.sleep("200 millis")
      assert.strictEqual(yield* purge, 0)
      assert.isUndefined(erasing.pollUnsafe(), "the purge did not wait for it")
      yield* Fiber.join(erasing)
      const rows = yield* sql`
        SELECT 1 FROM sojourn.session_events
        WHERE user_id = ${userId} AND (device IS NOT NULL OR evicted_device IS NOT NULL OR location IS NOT NULL OR actor_ip IS NOT NULL)`
      assert.strictEqual(rows.length, 0)
    }))
})

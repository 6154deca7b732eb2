/** What proves a session, and what keeps it alive. */
import { rememberedSecrets } from "@sojourn/core"
import { actorColumns } from "./actor.ts"
import { beginChange, requireReadCommitted } from "./locks.ts"

/** What a credential is made of. */
const columns = (schema: string) => [
  "id uuid",
  "user_id text",
  "device json",
  "location json",
  "ip_address inet",
  "last_ip_address inet",
  "user_agent text",
  "refresh_token_id text",
  "created_at timestamptz",
  "last_activity_at timestamptz",
  "expires_at timestamptz",
  "idle_timeout_ms bigint",
  "trusted boolean",
  "suspicious_activity_count integer",
  "ended_at timestamptz",
  `ended_reason ${schema}.end_reason`,
  `ended_by_kind ${schema}.actor_kind`,
  "ended_by_id text",
  "ended_by_ip inet",
  "secret_hash bytea",
  "previous_hash bytea",
  "rotated_at timestamptz",
  "rotation smallint",
  "retired_hashes bytea[]"
]
const selected = columns("").map((column) => `s.${column.split(" ", 1)[0]}`).join(", ")

/**
 * Replaces the secret whose hash is `presented` by one whose hash is `next`, once. Who presents the previous one within
 * the grace gets the salt of that rotation, from which the same successor follows. Anything else changes nothing. The
 * row is the session as it is afterwards.
 */
export const rotate = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.rotate(
    wait boolean, session uuid, presented bytea, next bytea, salt bytea, event uuid, now timestamptz, grace_ms bigint, by_ip inet
  ) RETURNS TABLE (outcome text, winning_salt bytea, ${columns(schema).join(", ")}) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    found_user text;
    verdict text;
  BEGIN
    ${requireReadCommitted(schema)}
    SELECT s.user_id INTO found_user FROM ${schema}.sessions s WHERE s.id = session;
    IF found_user IS NULL THEN RETURN; END IF;
    ${beginChange(schema, "found_user")}
    SELECT CASE
        WHEN s.ended_at IS NOT NULL OR now >= s.active_until THEN 'not_active'
        WHEN s.secret_hash = presented THEN 'rotated'
        WHEN s.previous_hash = presented AND now < s.rotated_at + grace_ms * interval '1 millisecond'
          THEN 'already_rotated'
        ELSE 'not_current'
      END INTO verdict
      FROM ${schema}.sessions s WHERE s.id = session FOR UPDATE;
    IF verdict = 'rotated' THEN
      UPDATE ${schema}.sessions s SET secret_hash = next, previous_hash = presented, rotation_salt = salt,
        rotated_at = now, rotation = (coalesce(s.rotation, 0) + 1) % 64,
        retired_hashes = (CASE WHEN s.previous_hash IS NULL THEN s.retired_hashes
          ELSE s.previous_hash || s.retired_hashes END)[1:${rememberedSecrets}]
      WHERE s.id = session;
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_ip)
      VALUES (event, 'SessionRotated', now, found_user, session, by_ip);
    END IF;
    RETURN QUERY SELECT verdict, s.rotation_salt, ${selected} FROM ${schema}.sessions s WHERE s.id = session;
  END $$`
]

/**
 * Records activities, each unless the session is over or a later one is known; a login without an address gets one.
 * Gives those sessions whose rows others hold: they are left out, to be recorded one by one, each with `wait`.
 *
 * Whoever holds a row is ending, rotating, trusting or touching that session, and may go on to wait for another row: a
 * login ends idle sessions and then the oldest, of several users at once. Whoever never waits for a row while holding
 * one cannot be part of a deadlock: together activities do not wait, and one alone holds nothing.
 */
export const touch = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.touch(ids uuid[], ats timestamptz[], ips inet[], wait boolean)
  RETURNS TABLE (id uuid) LANGUAGE sql VOLATILE AS $$
    WITH activity AS (
      SELECT DISTINCT ON (t.id) t.id, t.at, t.ip FROM unnest(ids, ats, ips) AS t (id, at, ip)
      ORDER BY t.id, t.at DESC
    ), found AS MATERIALIZED (
      SELECT s.id FROM ${schema}.sessions s WHERE s.id = ANY (ids) AND s.ended_at IS NULL
    ), free AS MATERIALIZED (
      SELECT s.id FROM ${schema}.sessions s
      WHERE NOT wait AND s.id = ANY (ids) AND s.ended_at IS NULL FOR UPDATE SKIP LOCKED
    ), awaited AS MATERIALIZED (
      SELECT s.id FROM ${schema}.sessions s
      WHERE wait AND s.id = ANY (ids) AND s.ended_at IS NULL FOR UPDATE
    ), locked AS MATERIALIZED (
      SELECT f.id FROM free f UNION ALL SELECT w.id FROM awaited w
    ), touched AS (
      UPDATE ${schema}.sessions s SET last_activity_at = greatest(s.last_activity_at, a.at),
        ip_address = coalesce(s.ip_address, a.ip), last_ip_address = coalesce(a.ip, s.last_ip_address)
      FROM activity a JOIN locked l USING (id)
      WHERE s.id = a.id AND s.ended_at IS NULL AND a.at < s.active_until AND a.at >= s.last_activity_at
    )
    SELECT f.id FROM found f WHERE NOT wait AND f.id NOT IN (SELECT l.id FROM locked l)
  $$`
]

/** Marks the device as trusted. No row: no active session of this user. `event_id` null: it was trusted before. */
export const trust = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.trust(
    wait boolean, session uuid, owner text, now timestamptz, by_kind text, by_id text, by_ip inet
  )
  RETURNS TABLE (event_id uuid) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    ${beginChange(schema, "owner")}
    RETURN QUERY WITH found AS MATERIALIZED (
      SELECT s.id, s.trusted FROM ${schema}.sessions s
      WHERE s.id = session AND s.user_id = owner AND s.ended_at IS NULL AND now < s.active_until
    ), marked AS (
      UPDATE ${schema}.sessions s SET trusted = true FROM found f WHERE s.id = f.id AND NOT f.trusted RETURNING s.id
    ), logged AS (
      INSERT INTO ${schema}.session_events
        (event_id, type, at, user_id, session_id, actor_kind, actor_id, actor_ip)
      SELECT gen_random_uuid(), 'SessionTrusted', now, owner, m.id, ${actorColumns(schema, "owner")} FROM marked m
      RETURNING session_events.event_id
    )
    SELECT l.event_id FROM found f LEFT JOIN logged l ON true;
  END $$`
]

/** Counts a suspicious activity on an active session. No row: there is none. */
export const suspect = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.record_suspicion(
    wait boolean, session uuid, event uuid, now timestamptz, by_kind text, by_id text, by_ip inet
  )
  RETURNS TABLE (user_id text, count integer) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    found_user text;
  BEGIN
    ${requireReadCommitted(schema)}
    SELECT s.user_id INTO found_user FROM ${schema}.sessions s WHERE s.id = session;
    IF found_user IS NULL THEN RETURN; END IF;
    ${beginChange(schema, "found_user")}
    RETURN QUERY WITH counted AS (
      UPDATE ${schema}.sessions s SET suspicious_activity_count = coalesce(s.suspicious_activity_count, 0) + 1
      WHERE s.id = session AND s.ended_at IS NULL AND now < s.active_until
      RETURNING s.suspicious_activity_count AS count
    ), logged AS (
      INSERT INTO ${schema}.session_events
        (event_id, type, at, user_id, session_id, actor_kind, actor_id, actor_ip, data)
      SELECT event, 'SuspiciousActivityRecorded', now, found_user, session, ${actorColumns(schema, "found_user")},
        jsonb_build_object('count', c.count) FROM counted c
    )
    SELECT found_user, c.count FROM counted c;
  END $$`
]

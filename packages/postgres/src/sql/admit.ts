/** Admit: the heart of the limit. Two statements under the users' locks, or three, whatever the number of logins. */
import { ofUser } from "./ofUser.ts"

const columns = [
  ["ids", "uuid", "id"],
  ["event_ids", "uuid", "event_id"],
  ["user_ids", "text", "user_id"],
  ["secret_hashes", "bytea", "secret_hash"],
  ["devices", "json", "device"],
  ["locations", "json", "location"],
  ["ip_addresses", "inet", "ip_address"],
  ["user_agents", "text", "user_agent"],
  ["refresh_token_ids", "text", "refresh_token_id"],
  ["created_ats", "timestamptz", "created_at"],
  ["expires_ats", "timestamptz", "expires_at"],
  ["idle_timeouts", "bigint", "idle_timeout_ms"]
] as const

/**
 * Why it is shaped so:
 * - plpgsql gives every statement its own snapshot under READ COMMITTED, so what is counted after the lock is what
 *   the former holder left; in one statement the snapshot would be older than the lock. Hence the isolation guard.
 * - The users' locks are taken in the order of their keys, so two batches cannot wait for each other in a circle.
 *   Without `wait`, users whose lock is taken are left out (`busy`).
 * - Where there is a limit, sessions that are due end first, in a statement of its own: it waits for activities under
 *   way, one of which may keep a session alive that looked idle, and the statement that counts sees what came of them.
 *   Without it such a session would be one too many. Usually there is none, which costs a look at the user's index.
 * - Several logins of one user go in as if one after the other, by `turn`; those beyond the limit are born ended.
 *   With `protect_active_ms` they protect themselves from each other, so those beyond the limit are refused instead.
 * - `nth` is the place of a victim in the user's order of eviction, and decides for which login it had to go.
 * - A refused login is told how many sessions were active and protected when its turn came.
 */
export const admit = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.admit(
    wait boolean, at_limit text, protect_trusted boolean, protect_active_ms bigint,
    ${columns.map(([name, type]) => `${name} ${type}[]`).join(", ")}
  ) RETURNS TABLE (
    session_id uuid, outcome text, max_sessions integer, active integer, protected integer,
    born_ended boolean, evicted jsonb, expired jsonb
  ) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
  #variable_conflict use_column
  DECLARE
    locked text[];
    person_ids text[];
    nows timestamptz[];
    limits integer[];
    any_due boolean;
    due_ended jsonb;
  BEGIN
    PERFORM ${schema}.require_read_committed();
    IF wait THEN
      PERFORM pg_advisory_xact_lock(k.key) FROM (
        SELECT DISTINCT ${schema}.user_lock(u) AS key FROM unnest(user_ids) u ORDER BY key
      ) k;
      locked := user_ids;
    ELSE
      SELECT array_agg(k.u) INTO locked FROM (
        SELECT DISTINCT u, ${schema}.user_lock(u) AS key FROM unnest(user_ids) u ORDER BY key
      ) k WHERE pg_try_advisory_xact_lock(k.key);
    END IF;
    PERFORM ${schema}.begin_append();

    SELECT array_agg(u.user_id), array_agg(u.now), array_agg(l.max_sessions),
        bool_or(l.max_sessions IS NOT NULL AND 0 < (
          SELECT count(*) FROM ${schema}.sessions s
          WHERE ${ofUser("s.user_id", "u.user_id")} AND s.ended_at IS NULL AND s.active_until <= u.now
        ))
      INTO person_ids, nows, limits, any_due
      FROM (
        SELECT c.user_id, min(c.created_at) AS now FROM unnest(user_ids, created_ats) AS c (user_id, created_at)
        WHERE c.user_id = ANY (locked) GROUP BY c.user_id
      ) u, LATERAL (
        SELECT s.max_sessions FROM ${schema}.session_limit(u.user_id) s LIMIT 1
      ) l;
    IF any_due THEN
      due_ended := (
        SELECT ${schema}.end_due_of(array_agg(p.user_id), array_agg(p.now))
        FROM unnest(person_ids, nows, limits) AS p (user_id, now, max_sessions) WHERE p.max_sessions IS NOT NULL
      );
    END IF;

    RETURN QUERY WITH candidate AS MATERIALIZED (
      SELECT c.*, row_number() OVER (PARTITION BY c.user_id ORDER BY c.created_at, c.id) AS turn
      FROM unnest(${columns.map(([name]) => name).join(", ")})
        AS c (${columns.map(([, , name]) => name).join(", ")})
      WHERE c.user_id = ANY (locked)
    ), person AS MATERIALIZED (
      SELECT * FROM unnest(person_ids, nows, limits) AS p (user_id, now, max_sessions)
    ), live AS MATERIALIZED (
      SELECT p.user_id, l.* FROM person p, LATERAL ${schema}.live_sessions(
        p.user_id, p.now, at_limit, protect_trusted, protect_active_ms
      ) l WHERE p.max_sessions IS NOT NULL
    ), tally AS MATERIALIZED (
      SELECT p.*, coalesce(l.active, 0) AS active, coalesce(l.evictable, 0) AS evictable,
        coalesce(l.active - l.evictable, 0) AS protected
      FROM person p LEFT JOIN (
        SELECT l.user_id, count(*) AS active, count(*) FILTER (WHERE l.evictable) AS evictable
        FROM live l GROUP BY l.user_id
      ) l USING (user_id)
    ), verdict AS MATERIALIZED (
      SELECT c.*, t.max_sessions, t.active, t.protected, CASE
        WHEN t.user_id IS NULL THEN 'user_not_found'
        WHEN t.max_sessions IS NULL THEN 'admitted'
        WHEN t.max_sessions = 0 THEN 'limit_exceeded'
        WHEN at_limit = 'reject' THEN
          CASE WHEN t.active + c.turn <= t.max_sessions THEN 'admitted' ELSE 'limit_exceeded' END
        WHEN t.protected + CASE WHEN protect_active_ms IS NULL THEN 1 ELSE c.turn END <= t.max_sessions THEN 'admitted'
        ELSE 'eviction_failed'
      END AS outcome
      FROM candidate c LEFT JOIN tally t ON t.user_id = c.user_id
    ), excess AS MATERIALIZED (
      SELECT t.*, t.active + v.admitted - t.max_sessions AS victims
      FROM tally t JOIN (
        SELECT v.user_id, count(*) AS admitted FROM verdict v WHERE v.outcome = 'admitted' GROUP BY v.user_id
      ) v USING (user_id)
      WHERE t.active + v.admitted > t.max_sessions
    ), victim AS MATERIALIZED (
      SELECT o.*, v.id AS evicted_by, v.created_at AS at, v.turn, gen_random_uuid() AS event_id
      FROM (
        SELECT x.user_id, l.id, l.device, l.turn AS nth, false AS is_new,
          greatest(1, l.turn + x.max_sessions - x.active) AS by_turn
        FROM excess x JOIN live l USING (user_id)
        WHERE l.evictable AND l.turn <= x.victims
        UNION ALL
        SELECT x.user_id, v.id, v.device, x.evictable + v.turn, true,
          greatest(1, x.evictable + v.turn + x.max_sessions - x.active)
        FROM excess x JOIN verdict v USING (user_id)
        WHERE v.outcome = 'admitted' AND x.evictable + v.turn <= x.victims
      ) o JOIN verdict v ON v.user_id = o.user_id AND v.turn = o.by_turn
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = v.at, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
      FROM victim v WHERE NOT v.is_new AND s.id = v.id
    ), inserted AS (
      INSERT INTO ${schema}.sessions (
        id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent, refresh_token_id,
        created_at, last_activity_at, expires_at, idle_timeout_ms, ended_at, ended_reason, ended_by_kind
      )
      SELECT c.id, c.user_id, c.secret_hash, c.device, c.location, c.ip_address, c.ip_address, c.user_agent,
        c.refresh_token_id, c.created_at, c.created_at, c.expires_at, c.idle_timeout_ms, v.at,
        CASE WHEN v.id IS NOT NULL THEN 'session_limit_exceeded'::${schema}.end_reason END,
        CASE WHEN v.id IS NOT NULL THEN 'system'::${schema}.actor_kind END
      FROM verdict c LEFT JOIN victim v ON v.is_new AND v.id = c.id
      WHERE c.outcome = 'admitted'
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, evicted_by, actor_kind, actor_ip)
      SELECT e.event_id, e.type, e.at, e.user_id, e.session_id, e.evicted_by, e.actor_kind, e.actor_ip FROM (
        SELECT v.event_id, 'SessionEvicted'::${schema}.event_type AS type, v.at, v.user_id, v.id AS session_id,
          v.evicted_by, 'system'::${schema}.actor_kind AS actor_kind, NULL::inet AS actor_ip, v.turn, v.nth
        FROM victim v
        UNION ALL
        SELECT c.event_id, 'SessionCreated', c.created_at, c.user_id, c.id, NULL, NULL, c.ip_address, c.turn, NULL
        FROM verdict c WHERE c.outcome = 'admitted'
      ) e ORDER BY e.user_id, e.turn, e.nth NULLS LAST
    ), eviction AS MATERIALIZED (
      SELECT v.evicted_by, jsonb_agg(
        jsonb_build_object('sessionId', v.id, 'eventId', v.event_id, 'device', v.device) ORDER BY v.nth
      ) AS evicted
      FROM victim v GROUP BY v.evicted_by
    )
    SELECT c.id, c.outcome, c.max_sessions,
      (CASE WHEN c.outcome = 'limit_exceeded' THEN greatest(c.active, c.max_sessions)
        WHEN c.protected < c.max_sessions THEN c.max_sessions ELSE c.active END)::integer,
      greatest(c.protected, c.max_sessions)::integer,
      c.id IN (SELECT v.id FROM victim v WHERE v.is_new),
      e.evicted,
      CASE WHEN c.turn = 1 THEN due_ended -> c.user_id END
    FROM verdict c LEFT JOIN eviction e ON e.evicted_by = c.id
    UNION ALL
    SELECT b.id, 'busy', NULL, NULL, NULL, false, NULL, NULL
    FROM unnest(ids, user_ids) AS b (id, user_id) WHERE b.user_id = ANY (locked) IS NOT TRUE;
  END $$`
]

/** The names of `admit`'s arrays and of the columns that they become. */
export type AdmitColumn = (typeof columns)[number][2]

/** Endings, under the user's lock, each change with its event. */
import { actorColumns } from "./actor.ts"
import { beginAppend, beginChange, requireReadCommitted } from "./locks.ts"
import { ofUser } from "./ofUser.ts"

export const endedColumns = "session_id uuid, ended boolean, event_id uuid, device json"

/**
 * Ends all sessions of a user that have not ended or expired, but one, oldest first. The one to keep must be an active
 * one of theirs, else nothing is ended. The row without a session has the id of the event for all, if any was ended; those
 * that are not `ended` are sessions that ended shortly before.
 */
export const endAll = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.end_all(
    wait boolean, of_user text, except_id uuid, now timestamptz, reason text, by_kind text, by_id text, by_ip inet
  ) RETURNS TABLE (${endedColumns}) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    ${beginChange(schema, "of_user")}
    IF except_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM ${schema}.sessions s
      WHERE s.id = except_id AND s.user_id = of_user AND s.ended_at IS NULL AND now < s.active_until
    ) THEN
      RAISE EXCEPTION USING ERRCODE = 'SJN02', MESSAGE = 'the session to keep is not an active one of this user';
    END IF;

    RETURN QUERY WITH victim AS MATERIALIZED (
      SELECT s.id, s.device, row_number() OVER (ORDER BY s.created_at, s.id) AS turn
      FROM ${schema}.sessions s
      WHERE ${
    ofUser("s.user_id", "of_user")
  } AND s.ended_at IS NULL AND now < s.expires_at AND s.id IS DISTINCT FROM except_id
    ), summary AS MATERIALIZED (
      SELECT gen_random_uuid() AS event_id, count(*) AS count FROM victim HAVING count(*) > 0
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = reason::${schema}.end_reason, ended_by_kind = by_kind::${schema}.actor_kind,
        ended_by_id = by_id, ended_by_ip = by_ip
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events
        (event_id, type, at, user_id, session_id, actor_kind, actor_id, actor_ip, data)
      SELECT e.event_id, e.type, now, of_user, e.id, ${actorColumns(schema, "of_user")}, e.data FROM (
        SELECT NULL::uuid AS event_id, 'SessionRevoked'::${schema}.event_type AS type, v.id, v.turn,
          jsonb_build_object('reason', reason) AS data FROM victim v
        UNION ALL
        SELECT s.event_id, 'SessionsRevoked', NULL, NULL, jsonb_strip_nulls(
          jsonb_build_object('reason', reason, 'count', s.count, 'exceptSessionId', except_id)
        ) FROM summary s
      ) e ORDER BY e.turn NULLS LAST
    )
    SELECT e.id, e.ended, e.event_id, e.device FROM (
      SELECT v.id, true AS ended, NULL::uuid AS event_id, v.device, v.turn FROM victim v
      UNION ALL
      SELECT NULL, true, s.event_id, NULL, NULL FROM summary s
      UNION ALL
      SELECT s.id, false, NULL, NULL, NULL FROM ${schema}.sessions s
      WHERE ${ofUser("s.user_id", "of_user")} AND s.ended_at > now - interval '5 minutes'
    ) e ORDER BY e.turn NULLS LAST;
  END $$`
]

/**
 * Ends those of the sessions that are due, each at its own `now`: no longer active, and not ended. A session ended when
 * it was no longer active, not when somebody noticed. Under the locks of their users.
 */
export const endDue = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.end_due(ids uuid[], nows timestamptz[]) RETURNS SETOF ${schema}.event_details
  LANGUAGE sql VOLATILE AS $$
    WITH ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = s.active_until, ended_by_kind = 'system', ended_reason =
        (CASE WHEN s.active_until = s.expires_at THEN 'expired' ELSE 'idle' END)::${schema}.end_reason
      -- The row decides, for an activity under way may keep the session alive while this waits for it.
      FROM unnest(ids, nows) AS d (id, now) WHERE s.id = d.id AND s.ended_at IS NULL AND s.active_until <= d.now
      RETURNING s.id, s.user_id, s.device, s.ended_at, s.ended_reason
    ), logged AS (
      INSERT INTO ${schema}.session_events (type, at, user_id, session_id, actor_kind, data)
      SELECT 'SessionExpired', e.ended_at, e.user_id, e.id, 'system', jsonb_build_object('reason', e.ended_reason)
      FROM ended e ORDER BY e.ended_at, e.id
      RETURNING *
    )
    SELECT l.position, l.event_id, l.type, l.at, l.user_id, l.session_id, l.evicted_by, l.actor_kind, l.actor_id,
      l.actor_ip, l.data, e.device, NULL::json, NULL::timestamptz
    FROM logged l JOIN ended e ON e.id = l.session_id
  $$`,
  // Those of users, each at a `now` of their own; what was ended of each, in the order of the log.
  `CREATE FUNCTION ${schema}.end_due_of(of_users text[], nows timestamptz[]) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_object_agg(u.user_id, u.ended) FROM (
      SELECT e.user_id, jsonb_agg(e.data || jsonb_build_object(
        'sessionId', e.session_id, 'device', e.device,
        'at', to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      ) ORDER BY e.position) AS ended
      FROM (
        SELECT array_agg(s.id) AS ids, array_agg(d.now) AS nows FROM unnest(of_users, nows) AS d (user_id, now)
        JOIN ${schema}.sessions s ON ${
    ofUser("s.user_id", "d.user_id")
  } AND s.ended_at IS NULL AND s.active_until <= d.now
      ) due, LATERAL ${schema}.end_due(due.ids, due.nows) e
      GROUP BY e.user_id
    ) u
  $$`
]

/**
 * Ends sessions that are due, oldest first, at most so many; those of users whose lock is taken wait for the next run,
 * so sweepers and logins do not collide. One process sweeps at a time (the lock of the user "", whom there cannot be);
 * meanwhile the others find nothing to do.
 */
export const sweep = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.sweep(now timestamptz, at_most integer) RETURNS SETOF ${schema}.event_details
  LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    found text[];
    locked text[];
    taken text[] := '{}';
    due uuid[];
  BEGIN
    ${requireReadCommitted(schema)}
    IF NOT pg_try_advisory_xact_lock(${schema}.user_lock('')) THEN RETURN; END IF;
    -- Until there is a user who is free: those whose lock is taken hold up nobody else's.
    LOOP
      SELECT array_agg(k.user_id), array_agg(k.user_id) FILTER (WHERE pg_try_advisory_xact_lock(k.key))
        INTO found, locked FROM (
        SELECT d.user_id, ${schema}.user_lock(d.user_id) AS key FROM (
          SELECT DISTINCT o.user_id FROM (
            SELECT s.user_id FROM ${schema}.sessions s
            WHERE s.ended_at IS NULL AND s.active_until <= now AND s.user_id <> ALL (taken)
            ORDER BY s.active_until LIMIT at_most
          ) o
        ) d ORDER BY key
      ) k;
      IF found IS NULL THEN RETURN; END IF;
      EXIT WHEN locked IS NOT NULL;
      taken := taken || found;
    END LOOP;
    ${beginAppend(schema)}

    SELECT array_agg(d.id) INTO due FROM (
      SELECT s.id FROM ${schema}.sessions s
      WHERE s.ended_at IS NULL AND s.active_until <= now AND s.user_id = ANY (locked)
      ORDER BY s.active_until LIMIT at_most
    ) d;
    IF due IS NULL THEN RETURN; END IF;
    RETURN QUERY SELECT * FROM ${schema}.end_due(due, array_fill(now, ARRAY[cardinality(due)]));
  END $$`
]

/** Endings, under the user's lock, each change with its event. */

/**
 * Ends one session, unless it has ended before. No row: there is none. `owner` null: whoever's it is; of somebody else
 * nothing is changed. `event_id` null: nothing was changed.
 */
export const endOne = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.end_session(
    session uuid, owner text, now timestamptz, reason text, by_kind text, by_id text, reuse text
  ) RETURNS TABLE (user_id text, event_id uuid, device jsonb) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    found_user text;
  BEGIN
    PERFORM ${schema}.require_read_committed();
    SELECT s.user_id INTO found_user FROM ${schema}.sessions s WHERE s.id = session;
    IF found_user IS NULL THEN RETURN; END IF;
    IF owner <> found_user THEN
      RETURN QUERY SELECT found_user, NULL::uuid, NULL::jsonb;
      RETURN;
    END IF;
    PERFORM ${schema}.begin_change(found_user);

    RETURN QUERY WITH ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = reason, ended_by_kind = by_kind, ended_by_id = by_id
      WHERE s.id = session AND s.ended_at IS NULL
      RETURNING s.id, s.device
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind, actor_id, data)
      SELECT gen_random_uuid(), 'SessionRevoked', now, found_user, e.id, by_kind, by_id,
        jsonb_build_object('reason', reason, 'device', e.device, 'reuse', reuse)
      FROM ended e
      RETURNING session_events.event_id
    )
    SELECT found_user, l.event_id, e.device FROM (SELECT 1) one LEFT JOIN logged l ON true LEFT JOIN ended e ON true;
  END $$`
]

/**
 * Ends all sessions of a user that have not ended or expired, but one, oldest first. The one to keep must be an active
 * one of theirs, else nothing is ended. The row without a session is the event for all, if any was ended; rows without
 * an event are sessions that ended shortly before.
 */
export const endAll = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.end_all(
    of_user text, except_id uuid, now timestamptz, reason text, actor_kind text, actor_id text
  ) RETURNS TABLE (session_id uuid, event_id uuid, device jsonb) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    PERFORM ${schema}.begin_change(of_user);
    IF except_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM ${schema}.sessions s
      WHERE s.id = except_id AND s.user_id = of_user AND s.ended_at IS NULL AND now < s.active_until
    ) THEN
      RAISE EXCEPTION USING ERRCODE = 'SJN02', MESSAGE = 'the session to keep is not an active one of this user';
    END IF;

    RETURN QUERY WITH victim AS MATERIALIZED (
      SELECT s.id, s.device, gen_random_uuid() AS event_id, row_number() OVER (ORDER BY s.created_at, s.id) AS turn
      FROM ${schema}.sessions s
      WHERE s.user_id = of_user AND s.ended_at IS NULL AND now < s.expires_at AND s.id IS DISTINCT FROM except_id
    ), summary AS MATERIALIZED (
      SELECT gen_random_uuid() AS event_id, count(*) AS count FROM victim HAVING count(*) > 0
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = reason, ended_by_kind = actor_kind, ended_by_id = actor_id
      FROM victim v WHERE s.id = v.id
    ), logged AS (
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind, actor_id, data)
      SELECT e.event_id, e.type, now, of_user, e.id, actor_kind, actor_id, e.data FROM (
        SELECT v.event_id, 'SessionRevoked' AS type, v.id, v.turn,
          jsonb_build_object('reason', reason, 'device', v.device, 'reuse', NULL) AS data FROM victim v
        UNION ALL
        SELECT s.event_id, 'SessionsRevoked', NULL, NULL,
          jsonb_build_object('reason', reason, 'count', s.count, 'exceptSessionId', except_id) FROM summary s
      ) e ORDER BY e.turn NULLS LAST
    )
    SELECT e.id, e.event_id, e.device FROM (
      SELECT v.id, v.event_id, v.device, v.turn FROM victim v
      UNION ALL
      SELECT NULL, s.event_id, NULL, NULL FROM summary s
      UNION ALL
      SELECT s.id, NULL, NULL, NULL FROM ${schema}.sessions s
      WHERE s.user_id = of_user AND s.ended_at > now - interval '5 minutes'
    ) e ORDER BY e.turn NULLS LAST;
  END $$`
]

/**
 * Ends sessions that are due, oldest first, at most so many; those of users whose lock is taken wait for the next run,
 * so sweepers and logins do not collide. One process sweeps at a time (the lock of the user "", whom there cannot be);
 * meanwhile the others find nothing to do. A session ended when it was no longer active, not when it was swept.
 */
export const sweep = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.sweep(now timestamptz, at_most integer) RETURNS SETOF ${schema}.session_events
  LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    locked text[];
  BEGIN
    PERFORM ${schema}.require_read_committed();
    IF NOT pg_try_advisory_xact_lock(${schema}.user_lock('')) THEN RETURN; END IF;
    SELECT array_agg(k.user_id) INTO locked FROM (
      SELECT d.user_id, ${schema}.user_lock(d.user_id) AS key FROM (
        SELECT DISTINCT o.user_id FROM (
          SELECT s.user_id FROM ${schema}.sessions s
          WHERE s.ended_at IS NULL AND s.active_until <= now ORDER BY s.active_until LIMIT at_most
        ) o
      ) d ORDER BY key
    ) k WHERE pg_try_advisory_xact_lock(k.key);
    PERFORM ${schema}.begin_append();

    RETURN QUERY WITH due AS MATERIALIZED (
      SELECT s.id FROM ${schema}.sessions s
      WHERE s.ended_at IS NULL AND s.active_until <= now AND s.user_id = ANY (locked)
      ORDER BY s.active_until LIMIT at_most
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = s.active_until, ended_by_kind = 'system',
        ended_reason = CASE WHEN s.active_until = s.expires_at THEN 'expired' ELSE 'idle' END
      -- Again, for one that an activity under way kept alive while this waited for its row.
      FROM due d WHERE s.id = d.id AND s.ended_at IS NULL AND s.active_until <= now
      RETURNING s.id, s.user_id, s.device, s.ended_at, s.ended_reason
    )
    INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, actor_kind, data)
    SELECT gen_random_uuid(), 'SessionExpired', e.ended_at, e.user_id, e.id, 'system',
      jsonb_build_object('reason', e.ended_reason, 'device', e.device)
    FROM ended e ORDER BY e.ended_at, e.id
    RETURNING *;
  END $$`
]

/**
 * Ends what is active with `user_deleted`, then deletes the user's sessions and takes device, place and addresses out
 * of their events. What stays: that something happened, and when.
 */
export const eraseUser = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.erase_user(of_user text, now timestamptz, by_kind text, by_id text)
  RETURNS TABLE (session_id uuid, event_id uuid, device jsonb) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY SELECT * FROM ${schema}.end_all(of_user, NULL, now, 'user_deleted', by_kind, by_id);
    DELETE FROM ${schema}.sessions s WHERE s.user_id = of_user;
    UPDATE ${schema}.session_events e SET data = e.data || (
        SELECT jsonb_object_agg(k, NULL) FROM jsonb_object_keys(e.data) k WHERE k IN ('device', 'location', 'ipAddress')
      )
      WHERE e.user_id = of_user AND e.data ?| ARRAY['device', 'location', 'ipAddress'];
    DELETE FROM ${schema}.users u WHERE u.id = of_user;
  END $$`
]

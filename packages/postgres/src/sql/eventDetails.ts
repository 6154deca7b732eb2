/** Events with all that they tell, from the rows of the log and of the sessions. */

/** The types of events that happen to a session once. They tell of its device. */
const once = "'SessionCreated', 'SessionEvicted', 'SessionRevoked', 'SessionExpired'"

/**
 * A query for the columns of `event_details`, with this expression for `event_id`. The events, `t`, come in the order of the
 * log's rows, `e`. There is one look at the session for each event that is read, and another where it was purged: with a limit in it,
 * it is never planned as a join of all.
 */
export const eventDetails = (schema: string, eventId: string): string =>
  `SELECT t.position, ${eventId} AS event_id, t.type, e.at, e.user_id, t.session_id,
      t.evicted_by, t.actor_kind, t.actor_id, t.actor_ip, t.data, s.device, s.location, t.expires_at
    FROM ${schema}.session_events e CROSS JOIN LATERAL (
      SELECT e.position - 1 AS position, NULL::uuid AS event_id, 'SessionEvicted'::${schema}.event_type AS type,
        e.evicted AS session_id, e.session_id AS evicted_by, 'system'::${schema}.actor_kind AS actor_kind,
        NULL::text AS actor_id, NULL::inet AS actor_ip, NULL::jsonb AS data,
        NULL::timestamptz AS expires_at
      WHERE e.evicted IS NOT NULL
      UNION ALL
      SELECT e.position, e.event_id, e.type, e.session_id, e.evicted_by, e.actor_kind, e.actor_id, e.actor_ip, e.data,
        e.expires_at
    ) t LEFT JOIN LATERAL (
      SELECT d.device, CASE WHEN t.type = 'SessionCreated' THEN d.location END AS location
      FROM (
        SELECT o.device, o.location FROM ${schema}.sessions o WHERE o.id = t.session_id
        UNION ALL
        SELECT o.device, o.location FROM ${schema}.purged_sessions o WHERE o.id = t.session_id
      ) d WHERE t.type IN (${once}) LIMIT 1
    ) s ON true`

/** Ends single sessions: one, or several at once that have nothing to do with each other. */
import { actorColumns } from "./actor.ts"
import { beginAppend, requireReadCommitted } from "./locks.ts"

/**
 * `user_id` null: there is no such session. `owner` null: whoever's it is; of somebody else nothing is changed.
 * Not `changed`: it had ended before. `busy`: the user's lock is taken and nothing was done.
 */
const row = "session_id uuid, user_id text, changed boolean, device json, busy boolean"

const data = (values: string) =>
  `jsonb_strip_nulls(jsonb_build_object('reason', ${values}.reason, 'reuse', ${values}.reuse))`

export const endOne = (schema: string): ReadonlyArray<string> => [
  // Without `wait` a user whose lock is taken is told as `busy`.
  `CREATE FUNCTION ${schema}.end_session(
    wait boolean, session uuid, owner text, now timestamptz, reason text, by_kind text, by_id text, by_ip inet, reuse text
  ) RETURNS TABLE (${row}) LANGUAGE plpgsql VOLATILE AS $$
  #variable_conflict use_column
  DECLARE
    person text := owner;
  BEGIN
    ${requireReadCommitted(schema)}
    session_id := session;
    busy := false;
    IF person IS NULL THEN
      SELECT s.user_id INTO person FROM ${schema}.sessions s WHERE s.id = session;
    END IF;
    IF wait THEN
      PERFORM pg_advisory_xact_lock(${schema}.user_lock(person));
    ELSIF NOT pg_try_advisory_xact_lock(${schema}.user_lock(person)) THEN
      busy := true;
      user_id := person;
      RETURN NEXT;
      RETURN;
    END IF;
    ${beginAppend(schema)}
    UPDATE ${schema}.sessions s
      SET ended_at = now, ended_reason = reason::${schema}.end_reason, ended_by_kind = by_kind::${schema}.actor_kind,
        ended_by_id = by_id, ended_by_ip = by_ip
      WHERE s.id = session AND s.user_id = person AND s.ended_at IS NULL
      RETURNING s.user_id, s.device INTO user_id, device;
    changed := FOUND;
    IF changed THEN
      INSERT INTO ${schema}.session_events
        (type, at, user_id, session_id, actor_kind, actor_id, actor_ip, data)
      VALUES ('SessionRevoked', now, person, session, ${actorColumns(schema, "person")},
        ${data("end_session")});
    ELSE
      SELECT s.user_id INTO user_id FROM ${schema}.sessions s WHERE s.id = session;
    END IF;
    RETURN NEXT;
  END $$`,
  // Each session once. Users' locks in the order of their keys, as `admit` takes them.
  `CREATE FUNCTION ${schema}.end_sessions(
    sessions uuid[], owners text[], nows timestamptz[], reasons text[], by_kinds text[], by_ids text[], by_ips inet[],
    reuses text[]
  ) RETURNS TABLE (${row}) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
  #variable_conflict use_column
  DECLARE
    people text[];
    locked text[];
  BEGIN
    ${requireReadCommitted(schema)}
    SELECT array_agg(s.user_id ORDER BY a.place) INTO people
      FROM unnest(sessions) WITH ORDINALITY AS a (id, place) LEFT JOIN ${schema}.sessions s ON s.id = a.id;
    SELECT array_agg(k.person) INTO locked FROM (
      SELECT DISTINCT a.person, ${schema}.user_lock(a.person) AS key FROM unnest(people, owners) AS a (person, owner)
      WHERE a.owner IS NULL OR a.owner = a.person ORDER BY key
    ) k WHERE pg_try_advisory_xact_lock(k.key);
    ${beginAppend(schema)}
    RETURN QUERY WITH asked AS MATERIALIZED (
      SELECT a.*, a.owner IS NULL OR a.owner = a.person AS is_owner, a.person = ANY (locked) AS is_locked
      FROM unnest(sessions, people, owners, nows, reasons, by_kinds, by_ids, by_ips, reuses) WITH ORDINALITY
        AS a (id, person, owner, now, reason, by_kind, by_id, by_ip, reuse, place)
    ), ended AS (
      UPDATE ${schema}.sessions s
      SET ended_at = a.now, ended_reason = a.reason::${schema}.end_reason,
        ended_by_kind = a.by_kind::${schema}.actor_kind, ended_by_id = a.by_id, ended_by_ip = a.by_ip
      FROM asked a WHERE a.is_owner AND a.is_locked AND s.id = a.id AND s.ended_at IS NULL
      RETURNING a.*, s.device
    ), logged AS (
      INSERT INTO ${schema}.session_events
        (type, at, user_id, session_id, actor_kind, actor_id, actor_ip, data)
      SELECT 'SessionRevoked', e.now, e.person, e.id, ${actorColumns(schema, "person")}, ${data("e")}
      FROM ended e ORDER BY e.place
    )
    SELECT a.id, a.person, e.id IS NOT NULL, e.device, coalesce(a.is_owner AND a.person IS NOT NULL AND a.is_locked IS NOT TRUE, false)
    FROM asked a LEFT JOIN ended e ON e.place = a.place;
  END $$`
]

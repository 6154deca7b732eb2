/** The part of `admit` for any number of logins, under their users' locks. */
import { mustEvict, verdict } from "./verdict.ts"

/**
 * One statement reads how all users stand, variables decide, and one statement writes each table. Several logins of one
 * user go in one after the other; one that leaves no room for an earlier one has it born ended. With
 * `protect_active_ms` they protect themselves from each other, so those beyond the limit are refused instead.
 */
export const admitMany = (schema: string, columns: ReadonlyArray<readonly [string, string, string]>): string => `
  DECLARE
    -- A user: their logins in order, and how they stand.
    person text;
    places integer[];
    now timestamptz;
    allowed integer;
    due integer;
    n_active integer;
    n_protected integer;
    queue uuid[];
    queue_devices json[];
    next integer;
    -- One of their logins.
    place integer;
    victim uuid;
    -- Of each login.
    verdicts text[] := array_fill('busy'::text, ARRAY[cardinality(ids)]);
    limits integer[] := array_fill(NULL::integer, ARRAY[cardinality(ids)]);
    actives integer[] := limits;
    protecteds integer[] := limits;
    ended_ats timestamptz[] := array_fill(NULL::timestamptz, ARRAY[cardinality(ids)]);
    expireds jsonb[] := array_fill(NULL::jsonb, ARRAY[cardinality(ids)]);
    -- What is to be written; the event of a victim, and that of a login without one.
    victims uuid[] := '{}';
    victim_ats timestamptz[] := '{}';
    logged integer[] := '{}';
    logged_ids uuid[] := '{}';
    logged_victims uuid[] := '{}';
    logged_devices json[] := '{}';
    evicting boolean := false;
  BEGIN
    FOR person, places, now, allowed, due, n_active, n_protected, queue, queue_devices IN
      SELECT c.user_id, c.places, c.now, s.max_sessions, s.due, s.active, s.protected, s.evictable, s.devices
      FROM (
        SELECT o.user_id, array_agg(o.place) AS places, min(o.created_at) AS now
        FROM (
          SELECT c.user_id, c.created_at, c.place::integer AS place
          FROM unnest(user_ids, created_ats, ids) WITH ORDINALITY AS c (user_id, created_at, id, place)
          WHERE c.user_id = ANY (locked) ORDER BY c.user_id, c.created_at, c.id
        ) o GROUP BY o.user_id
      ) c LEFT JOIN LATERAL ${schema}.standing(c.user_id, c.now, at_limit, protect_trusted, protect_active_ms) s ON true
    LOOP
      IF due > 0 THEN
        expireds[places[1]] := ${schema}.end_due_of(ARRAY[person], ARRAY[now]) -> person;
        SELECT s.active, s.protected, s.evictable, s.devices INTO n_active, n_protected, queue, queue_devices
          FROM ${schema}.standing(person, now, at_limit, protect_trusted, protect_active_ms) s;
      END IF;
      next := 1;
      FOREACH place IN ARRAY places LOOP
        outcome := ${verdict};
        verdicts[place] := outcome;
        IF outcome <> 'admitted' THEN
          limits[place] := allowed;
          actives[place] := n_active;
          protecteds[place] := n_protected;
          CONTINUE;
        END IF;
        WHILE ${mustEvict} LOOP
          evicting := true;
          victim := queue[next];
          logged := logged || place;
          logged_ids := logged_ids || gen_random_uuid();
          logged_victims := logged_victims || victim;
          logged_devices := logged_devices || queue_devices[next];
          IF cardinality(places) > 1 AND victim = ANY (ids) THEN
            ended_ats[array_position(ids, victim)] := created_ats[place];
          ELSE
            victims := victims || victim;
            victim_ats := victim_ats || created_ats[place];
          END IF;
          next := next + 1;
          n_active := n_active - 1;
        END LOOP;
        logged := logged || place;
        logged_ids := logged_ids || event_ids[place];
        logged_victims := logged_victims || NULL::uuid;
        logged_devices := logged_devices || NULL::json;
        IF cardinality(places) > 1 THEN
          n_active := n_active + 1;
          IF protect_active_ms IS NOT NULL THEN
            n_protected := n_protected + 1;
          ELSE
            queue := queue || ids[place];
            queue_devices := queue_devices || devices[place];
          END IF;
        END IF;
      END LOOP;
    END LOOP;

    IF victims <> '{}' THEN
      UPDATE ${schema}.sessions s
        SET ended_at = v.at, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
        FROM unnest(victims, victim_ats) AS v (id, at) WHERE s.id = v.id;
    END IF;
    IF logged <> '{}' THEN
      INSERT INTO ${schema}.sessions (
        id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent, refresh_token_id,
        created_at, last_activity_at, expires_at, idle_timeout_ms, ended_at, ended_reason, ended_by_kind
      )
      SELECT c.id, c.user_id, c.secret_hash, c.device, c.location, c.ip_address, c.ip_address, c.user_agent,
        c.refresh_token_id, c.created_at, c.created_at, c.expires_at, c.idle_timeout_ms, c.ended_at,
        CASE WHEN c.ended_at IS NOT NULL THEN 'session_limit_exceeded'::${schema}.end_reason END,
        CASE WHEN c.ended_at IS NOT NULL THEN 'system'::${schema}.actor_kind END
      FROM unnest(verdicts, ended_ats, ${columns.map(([name]) => name).join(", ")})
        AS c (verdict, ended_at, ${columns.map(([, , name]) => name).join(", ")})
      WHERE c.verdict = 'admitted';
      INSERT INTO ${schema}.session_events (event_id, type, at, user_id, session_id, evicted_by, actor_kind, actor_ip)
      SELECT l.event_id,
        CASE WHEN l.victim IS NULL THEN 'SessionCreated' ELSE 'SessionEvicted' END::${schema}.event_type,
        created_ats[l.place], user_ids[l.place], coalesce(l.victim, ids[l.place]),
        CASE WHEN l.victim IS NOT NULL THEN ids[l.place] END,
        CASE WHEN l.victim IS NOT NULL THEN 'system'::${schema}.actor_kind END,
        CASE WHEN l.victim IS NULL THEN ip_addresses[l.place] END
      FROM unnest(logged, logged_ids, logged_victims) WITH ORDINALITY AS l (place, event_id, victim, nth)
      ORDER BY l.nth;
    END IF;

    RETURN QUERY
      SELECT c.place::integer, c.verdict, c.max_sessions, c.active, c.protected, c.ended_at IS NOT NULL, c.expired,
        NULL::uuid, NULL::uuid, NULL::json
      FROM unnest(verdicts, limits, actives, protecteds, ended_ats, expireds) WITH ORDINALITY
        AS c (verdict, max_sessions, active, protected, ended_at, expired, place);
    IF evicting THEN
      RETURN QUERY
        SELECT l.place, 'evicted', NULL::integer, NULL::integer, NULL::integer, NULL::boolean, NULL::jsonb,
          l.victim, l.event_id, l.device
        FROM unnest(logged, logged_ids, logged_victims, logged_devices) AS l (place, event_id, victim, device)
        WHERE l.victim IS NOT NULL;
    END IF;
  END;`

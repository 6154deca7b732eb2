/** The part of `admit` for any number of logins, under their users' locks. */
import { endDueAndTell, mustEvict, tellRefusal, verdict } from "./verdict.ts"

/**
 * One statement reads how all users stand, variables decide, and one statement writes each table. Several logins of one
 * user go in one after the other; one that leaves no room for an earlier one has it born ended. With
 * `protect_active_ms` they protect themselves from each other, so those beyond the limit are refused instead.
 */
export const admitMany = (schema: string): string => `
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
    place integer;
    -- The rows of the log, in order: of which login, who had to go for it, if anybody, and whether the row is the login's own.
    logged integer[] := '{}';
    victims uuid[] := '{}';
    logins boolean[] := '{}';
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
        login := places[1];
        ${endDueAndTell(schema)}
        SELECT s.active, s.protected, s.evictable, s.devices INTO n_active, n_protected, queue, queue_devices
          FROM ${schema}.standing(person, now, at_limit, protect_trusted, protect_active_ms) s;
      END IF;
      next := 1;
      FOREACH place IN ARRAY places LOOP
        login := place;
        outcome := ${verdict};
        IF outcome <> 'admitted' THEN
          ${tellRefusal}
          max_sessions := NULL;
          active := NULL;
          protected := NULL;
          CONTINUE;
        END IF;
        RETURN NEXT;
        WHILE ${mustEvict} LOOP
          IF evicted IS NOT NULL THEN
            logged := logged || place;
            victims := victims || evicted;
            logins := logins || false;
          END IF;
          outcome := 'evicted';
          evicted := queue[next];
          evicted_device := queue_devices[next];
          RETURN NEXT;
          evicting := true;
          next := next + 1;
          n_active := n_active - 1;
        END LOOP;
        logged := logged || place;
        victims := victims || evicted;
        logins := logins || true;
        evicted := NULL;
        evicted_device := NULL;
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

    IF logged <> '{}' THEN
      INSERT INTO ${schema}.sessions (
        id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent, refresh_token_id,
        created_at, last_activity_at, expires_at, idle_timeout_ms
      )
      SELECT ids[l.place], user_ids[l.place], secret_hashes[l.place], devices[l.place], locations[l.place],
        ip_addresses[l.place], ip_addresses[l.place], user_agents[l.place], refresh_token_ids[l.place],
        created_ats[l.place], created_ats[l.place], expires_ats[l.place], idle_timeouts[l.place]
      FROM unnest(logged, logins) AS l (place, is_login) WHERE l.is_login;
      INSERT INTO ${schema}.session_events
        (type, at, expires_at, user_id, session_id, evicted, evicted_by, actor_kind, actor_ip)
      SELECT CASE WHEN l.is_login THEN 'SessionCreated' ELSE 'SessionEvicted' END::${schema}.event_type,
        created_ats[l.place], CASE WHEN l.is_login THEN expires_ats[l.place] END, user_ids[l.place],
        CASE WHEN l.is_login THEN ids[l.place] ELSE l.victim END,
        CASE WHEN l.is_login THEN l.victim END,
        CASE WHEN NOT l.is_login THEN ids[l.place] END,
        CASE WHEN NOT l.is_login THEN 'system'::${schema}.actor_kind END,
        CASE WHEN l.is_login THEN ip_addresses[l.place] END
      FROM unnest(logged, victims, logins) WITH ORDINALITY AS l (place, victim, is_login, nth) ORDER BY l.nth;
    END IF;
    IF evicting THEN
      UPDATE ${schema}.sessions s
        SET ended_at = created_ats[l.place], ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
        FROM unnest(logged, victims) AS l (place, victim) WHERE s.id = l.victim;
    END IF;
  END;`

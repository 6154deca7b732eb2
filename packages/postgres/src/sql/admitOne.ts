/** The part of `admit` for a lone login, under its user's lock. */
import { endDueAndTell, mustEvict, tellRefusal, verdict } from "./verdict.ts"

/**
 * Plain statements with plain values: each is planned once a connection and starts in a few microseconds, where one
 * over arrays starts in many. Tests hold it to do the same as the part for many.
 */
export const admitOne = (schema: string): string => `
  DECLARE
    session uuid := ids[1];
    person text := user_ids[1];
    now timestamptz := created_ats[1];
    address inet := ip_addresses[1];
    allowed integer;
    due integer;
    n_active integer;
    n_protected integer;
    queue uuid[];
    next integer := 1;
  BEGIN
    SELECT s.max_sessions, s.due, s.active, s.protected, s.evictable INTO allowed, due, n_active, n_protected, queue
      FROM ${schema}.standing(person, now, at_limit, protect_trusted, protect_active_ms) s;
    login := 1;
    IF due > 0 THEN
      ${endDueAndTell(schema)}
      SELECT s.active, s.protected, s.evictable INTO n_active, n_protected, queue
        FROM ${schema}.standing(person, now, at_limit, protect_trusted, protect_active_ms) s;
    END IF;
    outcome := ${verdict};
    IF outcome <> 'admitted' THEN
      ${tellRefusal}
      RETURN;
    END IF;
    RETURN NEXT;
    WHILE ${mustEvict} LOOP
      IF evicted IS NOT NULL THEN
        INSERT INTO ${schema}.session_events (type, at, user_id, session_id, evicted_by, actor_kind)
          VALUES ('SessionEvicted', now, person, evicted, session, 'system');
      END IF;
      outcome := 'evicted';
      evicted := queue[next];
      UPDATE ${schema}.sessions s
        SET ended_at = now, ended_reason = 'session_limit_exceeded', ended_by_kind = 'system'
        WHERE s.id = evicted RETURNING s.device INTO evicted_device;
      RETURN NEXT;
      next := next + 1;
      n_active := n_active - 1;
    END LOOP;
    INSERT INTO ${schema}.sessions (
      id, user_id, secret_hash, device, location, ip_address, last_ip_address, user_agent, refresh_token_id,
      created_at, last_activity_at, expires_at, idle_timeout_ms
    ) VALUES (
      session, person, secret_hashes[1], devices[1], locations[1], address, address, user_agents[1],
      refresh_token_ids[1], now, now, expires_ats[1], idle_timeouts[1]
    );
    INSERT INTO ${schema}.session_events (type, at, expires_at, user_id, session_id, evicted, actor_ip)
      VALUES ('SessionCreated', now, expires_ats[1], person, session, evicted, address);
  END;`

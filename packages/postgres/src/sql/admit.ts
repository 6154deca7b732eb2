/** Admit: the heart of the limit. A few statements under the users' locks, whatever the number of logins. */
import { admitMany } from "./admitMany.ts"
import { admitOne } from "./admitOne.ts"
import { beginAppend, requireReadCommitted } from "./locks.ts"

/** What is told of the logins: an array each, in the order of the logins. */
const candidates = [
  "ids uuid[]",
  "user_ids text[]",
  "secret_hashes bytea[]",
  "devices json[]",
  "locations json[]",
  "ip_addresses inet[]",
  "user_agents text[]",
  "refresh_token_ids text[]",
  "created_ats timestamptz[]",
  "expires_ats timestamptz[]",
  "idle_timeouts bigint[]"
]

/**
 * Why it is shaped so:
 * - plpgsql gives every statement its own snapshot under READ COMMITTED, so what is counted after the lock is what
 *   the former holder left; in one statement the snapshot would be older than the lock. Hence the isolation guard.
 * - The users' locks are taken in the order of their keys, so two batches cannot wait for each other in a circle.
 *   Without `wait`, the logins of users whose lock is taken are left out.
 * - Where there is a limit, sessions that are due end first, in a statement of its own: it waits for activities under
 *   way, one of which may keep a session alive that looked idle, and the user is read again to see what came of them.
 *   Without it such a session would be one too many. Usually there is none, and one reading is enough.
 * - A refused login is told how many sessions were active and protected when its turn came.
 * - There is a row for each thing to be told of a login, which is named by its place: what was decided, before it the sessions
 *   of the user that were over (`expired`), after it each session that it ends (`evicted`). Of one that was left out there is none.
 * - A user's few sessions are read by the index alone. A bitmap would cost no less, and would pass over what the index
 *   learns on the way: which of its entries are of rows that are gone. What the limit is told from is read by indexes, too:
 *   to scan even the smallest table asks the operating system for its size.
 */
export const admit = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.admit(
    wait boolean, at_limit text, protect_trusted boolean, protect_active_ms bigint,
    ${candidates.join(", ")}
  ) RETURNS TABLE (
    login integer, outcome text, max_sessions integer, active integer, protected integer,
    expired jsonb, evicted uuid, evicted_device json
  ) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
  SET enable_bitmapscan = off SET enable_seqscan = off SET jit = off AS $$
  #variable_conflict use_column
  DECLARE
    locked text[];
  BEGIN
    ${requireReadCommitted(schema)}
    IF cardinality(ids) = 1 THEN
      IF wait THEN
        PERFORM pg_advisory_xact_lock(${schema}.user_lock(user_ids[1]));
      ELSIF NOT pg_try_advisory_xact_lock(${schema}.user_lock(user_ids[1])) THEN
        RETURN;
      END IF;
      ${beginAppend(schema)}
      ${admitOne(schema)}
      RETURN;
    END IF;

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
    ${beginAppend(schema)}
    ${admitMany(schema)}
  END $$`
]

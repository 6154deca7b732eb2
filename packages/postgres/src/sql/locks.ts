/** Locks: one user's writers one after the other, and no reader of the event log past a writer under way. */
import { eventDetails } from "./eventDetails.ts"
import { ofUser } from "./ofUser.ts"

/**
 * The space of our two-number advisory locks, from 0 to 2^31. All of a database share them, so each schema has a space of its
 * own: otherwise two installations would wait for each other and hold back each other's readers. FNV-1a of the schema's name.
 */
const space = (schema: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(`sojourn ${schema}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 1
}

// With these statements of plpgsql every change begins. They are text, as calls of functions would cost more.

/** A snapshot older than the lock would miss what the former holder has changed by now. */
export const requireReadCommitted = (schema: string): string =>
  `IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      PERFORM ${schema}.require_read_committed();
    END IF;`

/**
 * Positions are kept modulo 2^31 in the lock; one that seems further behind than 2^30 is ahead. Held, shared, from
 * before the first position is taken until the commit; readers stay below all such locks.
 */
export const beginAppend = (schema: string): string =>
  `PERFORM pg_advisory_xact_lock_shared(
      ${space(schema)}, (CASE WHEN q.is_called THEN q.last_value ELSE 0 END % 2147483648)::integer
    ) FROM ${schema}.session_events_position_seq q;`

/** The statements after it have a snapshot from after the lock. Without the parameter `wait` it fails, and tells whose, when the lock is taken. */
export const beginChange = (schema: string, user: string): string =>
  `${requireReadCommitted(schema)}
    IF wait THEN
      PERFORM pg_advisory_xact_lock(${schema}.user_lock(${user}));
    ELSIF NOT pg_try_advisory_xact_lock(${schema}.user_lock(${user})) THEN
      RAISE EXCEPTION USING ERRCODE = 'SJN03', MESSAGE = 'the lock of this user is taken', DETAIL = ${user};
    END IF;
    ${beginAppend(schema)}`

/**
 * Advisory locks, because then no row of ours is needed, and whoever holds a row of the application's users blocks no
 * login. They end with the transaction, so a pooler in transaction mode works.
 */
export const locks = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.user_lock(user_id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT hashtextextended('sojourn session user ' || user_id, ${space(schema)}) $$`,
  `CREATE FUNCTION ${schema}.require_read_committed() RETURNS void LANGUAGE plpgsql STABLE AS $$
  BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      RAISE EXCEPTION USING ERRCODE = 'SJN01',
        MESSAGE = 'this needs a READ COMMITTED transaction, not ' || upper(current_setting('transaction_isolation'));
    END IF;
  END $$`
]

/**
 * A page of events from those rows of the log for which this holds. A row may have two of them. Ids that follow from the
 * session's are null: who reads the page makes them in a tenth of the time.
 */
const page = (schema: string, holds: string): string =>
  `${eventDetails(schema, "t.event_id")}
        WHERE ${holds} AND e.position > after_position AND e.position <= settled AND t.position > after_position
          AND (of_session IS NULL OR t.session_id = of_session)
        ORDER BY e.position, t.position LIMIT at_most`

/**
 * `settled_position` is the last position that no commit under way can still precede. A writer's lock tells a position
 * from before its own were taken. The order matters: first the end of the sequence, then the locks, and the rows last
 * and in a new snapshot. A writer that takes its lock later takes positions after that end; one that has given its lock
 * back has its rows in the snapshot.
 *
 * Events are read by an index, in its order, as far as the page reaches: where statistics know nothing of the latest
 * positions, the planner would else take all that are left, with their sessions, and sort them for each page. It would also
 * remember each session, which is looked up once.
 *
 * What happened to a session is found by its user, whose events are indexed.
 */
export const readEvents = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.last_position() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ${schema}.session_events_position_seq
  $$`,
  `CREATE FUNCTION ${schema}.settled_position() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
  DECLARE
    last bigint;
  BEGIN
    PERFORM ${schema}.require_read_committed();
    last := ${schema}.last_position();
    RETURN (
      SELECT least(last, min(last - l.behind))
      FROM (
        SELECT (last - objid::bigint + 4294967296) % 2147483648 AS behind FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ${space(schema)}
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ) l WHERE l.behind < 1073741824
    );
  END $$`,
  `CREATE FUNCTION ${schema}.read_events(after_position bigint, at_most integer, of_user text, of_session uuid)
    RETURNS SETOF ${schema}.event_details LANGUAGE plpgsql VOLATILE
    SET enable_sort = off SET enable_bitmapscan = off SET enable_memoize = off AS $$
  DECLARE
    settled bigint := ${schema}.settled_position();
    owner text := of_user;
  BEGIN
    IF of_session IS NOT NULL AND owner IS NULL THEN
      SELECT s.user_id INTO owner FROM ${schema}.sessions s WHERE s.id = of_session;
      IF NOT FOUND THEN
        SELECT p.user_id INTO owner FROM ${schema}.purged_sessions p WHERE p.id = of_session;
        IF NOT FOUND THEN RETURN; END IF;
      END IF;
    END IF;
    IF owner IS NULL THEN
      RETURN QUERY ${page(schema, "true")};
    ELSE
      RETURN QUERY ${page(schema, ofUser("e.user_id", "owner"))};
    END IF;
  END $$`
]

/** Locks: one user's writers one after the other, and no reader of the event log past a writer under way. */

/** Our own space among PostgreSQL's two-number advisory locks: "sjn" in ASCII. */
const space = 0x736a6e

/**
 * Advisory locks, because then no row of ours is needed, and whoever holds a row of the application's users blocks no
 * login. They end with the transaction, so a pooler in transaction mode works.
 */
export const locks = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.user_lock(user_id text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT hashtextextended('sojourn session user ' || user_id, ${space}) $$`,
  `CREATE FUNCTION ${schema}.require_read_committed() RETURNS void LANGUAGE plpgsql STABLE AS $$
  BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      RAISE EXCEPTION USING ERRCODE = 'SJN01',
        MESSAGE = 'this needs a READ COMMITTED transaction, not ' || upper(current_setting('transaction_isolation'));
    END IF;
  END $$`,
  // Positions are kept modulo 2^31 in the lock; one that seems further behind than 2^30 is ahead.
  // Held, shared, from before the first position is taken until the commit; readers stay below all such locks.
  `CREATE FUNCTION ${schema}.begin_append() RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(${space}, (last_value % 2147483648)::integer)
    FROM ${schema}.session_events_position_seq
  $$`,
  // What every change begins with. In plpgsql the statements after it have a snapshot from after the lock.
  `CREATE FUNCTION ${schema}.begin_change(of_user text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
  BEGIN
    PERFORM ${schema}.require_read_committed();
    PERFORM pg_advisory_xact_lock(${schema}.user_lock(of_user));
    PERFORM ${schema}.begin_append();
  END $$`
]

/**
 * The last position that no commit under way can still precede. A writer's lock tells a position from before its own
 * were taken. The order matters: first the end of the sequence, then the locks, and the rows last and in a new
 * snapshot. A writer that takes its lock later takes positions after that end; one that has given its lock back has
 * its rows in the snapshot.
 */
export const readEvents = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.read_events(after_position bigint, at_most integer, of_user text)
    RETURNS SETOF ${schema}.session_events LANGUAGE plpgsql VOLATILE AS $$
  DECLARE
    last bigint;
    safe bigint;
  BEGIN
    PERFORM ${schema}.require_read_committed();
    SELECT last_value INTO last FROM ${schema}.session_events_position_seq;
    SELECT least(last, min(last - l.behind)) INTO safe
      FROM (
        SELECT (last - objid::bigint + 4294967296) % 2147483648 AS behind FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ${space}
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ) l WHERE l.behind < 1073741824;
    RETURN QUERY
      SELECT * FROM ${schema}.session_events e
      WHERE e.position > after_position AND e.position <= safe AND (of_user IS NULL OR e.user_id = of_user)
      ORDER BY e.position LIMIT at_most;
  END $$`
]

/** Forgetting a user. */
import { endedColumns } from "./end.ts"
import { beginChange } from "./locks.ts"
import { ofUser } from "./ofUser.ts"
import { personal } from "./tables.ts"

/** Ends what is active with `user_deleted`, and what was over with its own end; deletes the user. */
export const eraseUser = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.erase_user(
    wait boolean, of_user text, now timestamptz, by_kind text, by_id text, by_ip inet
  ) RETURNS TABLE (${endedColumns}) LANGUAGE plpgsql VOLATILE AS $$
  BEGIN
    ${beginChange(schema, "of_user")}
    PERFORM ${schema}.end_due_of(ARRAY[of_user], ARRAY[now]);
    RETURN QUERY SELECT * FROM ${schema}.end_all(true, of_user, NULL, now, 'user_deleted', by_kind, by_id, by_ip);
    DELETE FROM ${schema}.users u WHERE u.id = of_user;
  END $$`
]

/**
 * Deletes a user's ended sessions and takes device, place and addresses out of what is told of them, at most so many of each: who
 * has very many is forgotten in several statements. Gives after which position to go on; null when nothing is left. What stays:
 * that something happened, and when.
 *
 * A purge under way holds its sessions until it has moved what they tell; so the sessions come first, and the statement after
 * them sees all that was moved.
 */
export const forgetUser = (schema: string): ReadonlyArray<string> => [
  `CREATE FUNCTION ${schema}.forget_user(of_user text, after_position bigint, at_most integer) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
  DECLARE
    next_position bigint;
  BEGIN
    IF after_position = 0 THEN
      WITH gone AS (
        DELETE FROM ${schema}.sessions WHERE id IN (
          SELECT s.id FROM ${schema}.sessions s
          WHERE ${ofUser("s.user_id", "of_user")} AND s.ended_at IS NOT NULL LIMIT at_most
        ) RETURNING id, ended_at
      )
      INSERT INTO ${schema}.purged_sessions (id, ended_at, user_id)
        SELECT g.id, g.ended_at, of_user FROM gone g ON CONFLICT (id) DO NOTHING;
      UPDATE ${schema}.purged_sessions SET device = NULL, location = NULL WHERE id IN (
        SELECT p.id FROM ${schema}.purged_sessions p
        WHERE ${ofUser("p.user_id", "of_user")} AND ${personal} LIMIT at_most
      );
      IF EXISTS (
        SELECT 1 FROM ${schema}.sessions s WHERE ${ofUser("s.user_id", "of_user")} AND s.ended_at IS NOT NULL
      ) OR EXISTS (
        SELECT 1 FROM ${schema}.purged_sessions p WHERE ${ofUser("p.user_id", "of_user")} AND ${personal}
      ) THEN
        RETURN 0;
      END IF;
    END IF;

    WITH part AS MATERIALIZED (
      SELECT e.position, e.actor_ip FROM ${schema}.session_events e
      WHERE ${ofUser("e.user_id", "of_user")} AND e.position > after_position ORDER BY e.position LIMIT at_most
    ), anonymous AS (
      UPDATE ${schema}.session_events e SET actor_ip = NULL
      FROM part p WHERE e.position = p.position AND p.actor_ip IS NOT NULL
    )
    SELECT CASE WHEN count(*) = at_most THEN max(p.position) END INTO next_position FROM part p;
    RETURN next_position;
  END $$`
]

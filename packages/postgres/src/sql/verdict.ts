/** The rule of the limit, for one login when its turn comes, and how `admit` tells of it. */

/**
 * An expression of plpgsql over the variables `allowed`, the limit, null for unlimited; `due`, null when there is no
 * such user; and how many sessions are `n_active` and `n_protected` by then. The one place where it is decided.
 */
export const verdict = `CASE
      WHEN due IS NULL THEN 'user_not_found'
      WHEN allowed IS NULL THEN 'admitted'
      WHEN allowed = 0 OR at_limit = 'reject' AND n_active >= allowed THEN 'limit_exceeded'
      WHEN n_protected >= allowed THEN 'eviction_failed'
      ELSE 'admitted'
    END`

/** A condition over the same: one more has to go before the login that is admitted comes in. */
export const mustEvict = "n_active >= allowed"

// Statements of plpgsql that give one row each, of the `login`.

/** Ends the sessions of `person` that are due, and tells which; none, if activities under way kept them alive. */
export const endDueAndTell = (schema: string): string =>
  `outcome := 'expired';
      expired := ${schema}.end_due_of(ARRAY[person], ARRAY[now]) -> person;
      IF expired IS NOT NULL THEN RETURN NEXT; END IF;
      expired := NULL;`

/** Tells the `outcome` of a login that is refused, with the numbers that refused it. */
export const tellRefusal = `max_sessions := allowed;
      active := n_active;
      protected := n_protected;
      RETURN NEXT;`

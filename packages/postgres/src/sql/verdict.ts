/** The rule of the limit, for one login when its turn comes. */

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

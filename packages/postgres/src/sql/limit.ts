/** The user's limit, as the database tells it. */

/** The rule over our own tables: the user's own limit, else their tier's, else that of `basic`, else 0. */
export const ownLimit = (schema: string): string =>
  `SELECT CASE
      WHEN u.unlimited THEN NULL
      WHEN u.max_sessions IS NOT NULL THEN u.max_sessions
      WHEN t.name IS NOT NULL THEN t.max_sessions
      ELSE coalesce((SELECT b.max_sessions FROM ${schema}.tiers b WHERE b.name = 'basic'), 0)
    END
    FROM ${schema}.users u LEFT JOIN ${schema}.tiers t ON t.name = u.tier
    WHERE u.id = $1`

/** One row: the limit, null for unlimited. No row: there is no such user. */
export const sessionLimit = (schema: string, query: string): string =>
  `CREATE OR REPLACE FUNCTION ${schema}.session_limit(user_id text) RETURNS TABLE (max_sessions integer)
    LANGUAGE sql STABLE AS $sojourn_limit$ ${query} $sojourn_limit$`

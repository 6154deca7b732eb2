/** A page of a user's sessions, the latest first, and how many there are and are active. */
import { ofUser } from "./ofUser.ts"

export interface ListStatement {
  /** Ended and expired ones, too. */
  readonly all: boolean
  /** Only those before the last one of the page before. */
  readonly before: boolean
}

/**
 * `$1` the user, `$2` now, `$3` the most sessions, with `before` `$4` and `$5` the time and the id of that one. Without a
 * session on the page there is one row, with the counts alone.
 */
export const list = (schema: string, columns: string, { all, before }: ListStatement): string => {
  const sessions = `FROM ${schema}.sessions WHERE ${ofUser("user_id", "$1")} AND ended_at`
  const active = "$2::timestamptz < active_until"
  // One branch an index: each is read backwards, only as far as the page reaches.
  const page = (state: "IS NULL" | "IS NOT NULL") =>
    `(SELECT * ${sessions} ${state}${before ? " AND (created_at, id) < ($4::timestamptz, $5::uuid)" : ""}` +
    `${all ? "" : ` AND ${active}`} ORDER BY created_at DESC, id DESC LIMIT $3)`
  return `SELECT c.total, c.active, ${columns} FROM (
    SELECT count(*)::integer AS total, (count(*) FILTER (WHERE a.active))::integer AS active FROM (
      SELECT ${active} AS active ${sessions} IS NULL UNION ALL SELECT false ${sessions} IS NOT NULL
    ) a
  ) c LEFT JOIN (${all ? `${page("IS NULL")} UNION ALL ${page("IS NOT NULL")}` : page("IS NULL")}) s ON true
  ORDER BY created_at DESC, id DESC LIMIT $3`
}

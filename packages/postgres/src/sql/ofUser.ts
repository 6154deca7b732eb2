/** A user's rows. Indexes hold 8 bytes of each user, whose id may be long; so a query names both, these and the id. */

export const userKey = (user: string): string => `hashtextextended(${user}, 0)`

/**
 * `column`: the one of the table that holds the user. `coalesce` hides from the planner that the id, too, leaves few
 * rows: the two do not multiply, and with that estimate it would read all of a user's rows for a page of them.
 */
export const ofUser = (column: string, user: string): string =>
  `${userKey(column)} = ${userKey(user)} AND coalesce(${column} = ${user}, false)`

/** All migrations by name, in order. A migration that was released is never changed; another one follows it. */
import * as sessions from "./0001_sessions.ts"

export const migrations = (schema: string) => ({
  "0001_sessions": sessions.up(schema)
})

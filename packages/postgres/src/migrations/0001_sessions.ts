/** Users, sessions, the event log, and the functions over them. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { admit } from "../sql/admit.ts"
import { rotate, suspect, touch, trust } from "../sql/credentials.ts"
import { endAll, endOne, eraseUser, sweep } from "../sql/end.ts"
import { enforceLimit } from "../sql/enforceLimit.ts"
import { ownLimit, sessionLimit } from "../sql/limit.ts"
import { liveSessions } from "../sql/live.ts"
import { locks, readEvents } from "../sql/locks.ts"
import { events, sessions, users } from "../sql/tables.ts"

export const up = (schema: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const statements = [
      ...users(schema),
      ...sessions(schema),
      ...events(schema),
      sessionLimit(schema, ownLimit(schema)),
      ...locks(schema),
      ...liveSessions(schema),
      ...admit(schema),
      ...enforceLimit(schema),
      ...endOne(schema),
      ...endAll(schema),
      ...sweep(schema),
      ...eraseUser(schema),
      ...rotate(schema),
      ...touch(schema),
      ...trust(schema),
      ...suspect(schema),
      ...readEvents(schema)
    ]
    yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  })

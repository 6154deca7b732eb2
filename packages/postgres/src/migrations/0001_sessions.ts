/** Users, sessions, the event log with its relays, and the functions over them. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { admit } from "../sql/admit.ts"
import { rotate, suspect, touch, trust } from "../sql/credentials.ts"
import { endAll, endDue, sweep } from "../sql/end.ts"
import { endOne } from "../sql/endOne.ts"
import { enforceLimit } from "../sql/enforceLimit.ts"
import { eraseUser, forgetUser } from "../sql/erase.ts"
import { ownLimit, sessionLimit } from "../sql/limit.ts"
import { liveSessions } from "../sql/live.ts"
import { locks, readEvents } from "../sql/locks.ts"
import { purge } from "../sql/purge.ts"
import { relays } from "../sql/relays.ts"
import { events, sessions, users, vocabularies } from "../sql/tables.ts"

export const up = (schema: string) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const statements = [
      ...users(schema),
      ...vocabularies(schema),
      ...sessions(schema),
      ...events(schema),
      sessionLimit(schema, ownLimit(schema)),
      ...locks(schema),
      ...liveSessions(schema),
      ...endDue(schema),
      ...admit(schema),
      ...enforceLimit(schema),
      ...endOne(schema),
      ...endAll(schema),
      ...sweep(schema),
      ...eraseUser(schema),
      ...forgetUser(schema),
      ...purge(schema),
      ...rotate(schema),
      ...touch(schema),
      ...trust(schema),
      ...suspect(schema),
      ...readEvents(schema),
      ...relays(schema)
    ]
    yield* Effect.forEach(statements, (statement) => sql.unsafe(statement), { discard: true })
  })

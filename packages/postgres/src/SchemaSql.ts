/** What every adapter begins with. */
import { Context, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { DatabaseSchema } from "./DatabaseSchema.ts"

/** The client, names as the database has them, and `own` for what is in Sojourn's schema. */
export const schemaSql = Effect.gen(function*() {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const schema = yield* DatabaseSchema
  return {
    sql,
    schema,
    own: (name: string) => sql(`${schema}.${name}`),
    isInTransaction: (context: Context.Context<never>) =>
      Option.isSome(Context.getOption(context, sql.transactionService))
  }
})

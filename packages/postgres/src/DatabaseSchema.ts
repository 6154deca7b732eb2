/** Where in the database Sojourn's tables are. */
import { Context } from "effect"

/**
 * The name of the PostgreSQL schema that holds all of Sojourn's tables and functions: at most 63 bytes, without `.` and `$`, not
 * beginning with `pg_`. Default: `sojourn`.
 *
 * Read when the Layers of the stores and of `Migrations` are built, and around each call of `Migrations.run` and
 * `Migrations.pending`. So provide it to the Layer that is composed of them, as in
 * `Layer.provide(layer, Layer.succeed(DatabaseSchema, "logins"))`. Around a handler it changes nothing, and
 * `Sojourn.layer` does not heed it: there it is the option `schema`.
 */
export const DatabaseSchema = Context.Reference<string>("@sojourn/postgres/DatabaseSchema", {
  defaultValue: () => "sojourn"
})

/** Whether a schema can have this name. */
export const isSchemaName = (name: string): boolean =>
  /^(?!pg_)[^.$\0]+$/.test(name) && new TextEncoder().encode(name).length <= 63

/** The name as SQL text, quoted. */
export const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

/** Where in the database Sojourn's tables are. */
import { Context } from "effect"

/** The name of the PostgreSQL schema that holds all of Sojourn's tables and functions. Default: `sojourn`. */
export const DatabaseSchema = Context.Reference<string>("@sojourn/postgres/DatabaseSchema", {
  defaultValue: () => "sojourn"
})

/** The name as SQL text, quoted. */
export const quoted = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

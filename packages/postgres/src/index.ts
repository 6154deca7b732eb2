/** Sojourn in PostgreSQL: sessions, users and the event log, on a server or embedded. */
export * as Database from "./Database.ts"
export { DatabaseError } from "./DatabaseError.ts"
export { DatabaseSchema } from "./DatabaseSchema.ts"
export * as EmbeddedDatabase from "./EmbeddedDatabase.ts"
export * as EventLogPostgres from "./EventLogPostgres.ts"
export * as Migrations from "./Migrations.ts"
export * as SessionRepoPostgres from "./SessionRepoPostgres.ts"
export * as UserRepoPostgres from "./UserRepoPostgres.ts"

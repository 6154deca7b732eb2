/** The first opening of a directory, which makes the database's files: cut short, they are worth nothing, and the next one begins anew. */
import { Effect } from "effect"
import { rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { DatabaseError } from "./DatabaseError.ts"
import { namesIn, ours, unfinishedName, within } from "./PrivateDirectory.ts"

/** Opens the database in a directory that nobody else has open. */
export const opening = <A, R>(directory: string, open: Effect.Effect<A, DatabaseError, R>) =>
  Effect.gen(function*() {
    const names = yield* namesIn(directory)
    const isUnfinished = names.includes(unfinishedName)
    if (names.includes("PG_VERSION") && !isUnfinished) return yield* open
    yield* within(directory, () => writeFile(join(directory, unfinishedName), ""))
    const begun = isUnfinished ? names.filter((name) => !ours.includes(name)) : []
    yield* Effect.forEach(begun, (name) => within(directory, () => rm(join(directory, name), { recursive: true })))
    const opened = yield* open
    yield* within(directory, () => rm(join(directory, unfinishedName)))
    return opened
  })

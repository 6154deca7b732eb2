/** Imports on a command line in memory. */
import { ImportResult } from "@sojourn/cli/commands/loginImport"
import { Effect } from "effect"
import { makeCli, memory, parse } from "./inProcess.ts"

export const from = ["create", "--from", "-", "--json"]

export const ndjson = (logins: ReadonlyArray<unknown>) => logins.map((login) => JSON.stringify(login)).join("\n")

export const decode = parse(ImportResult)

/** A command line that knows these users. */
export const knowing = Effect.fnUntraced(function*(users: ReadonlyArray<string>, services = memory) {
  const cli = yield* makeCli(services)
  yield* Effect.forEach(users, (user) => cli(["users", "put", user]))
  return cli
})

/** Imports on a command line in memory. */
import { ImportResult } from "@sojourn/cli/commands/loginImport"
import { SessionRepo } from "@sojourn/core"
import { Effect, Layer } from "effect"
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

type Admit = ReturnType<SessionRepo["Service"]["admit"]>

/** Everything in memory; `change` does something with each login, which is the `nth`, from 1. */
export const onLogins = (change: (nth: number, admit: Admit) => Admit) =>
  Layer.effect(
    SessionRepo,
    Effect.map(SessionRepo, (repo) => {
      let logins = 0
      return {
        ...repo,
        admit: (candidate, rules) => Effect.suspend(() => change(++logins, repo.admit(candidate, rules)))
      }
    })
  ).pipe(Layer.provideMerge(memory))

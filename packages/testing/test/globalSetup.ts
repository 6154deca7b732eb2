/** Finds or starts, once a run, the servers that the tests of the selected projects use. */
import { Effect, Exit, Option, Scope } from "effect"
import type { TestProject } from "vitest/node"
import { findPostgres, findRedis } from "./serversFind.ts"

const withoutServers = new Set(["core", "enrich"])

export default async (root: TestProject) => {
  if (root.vitest.projects.every((project) => withoutServers.has(project.name))) return
  const scope = Scope.makeUnsafe()
  const close = <A, E>(exit: Exit.Exit<A, E>) => Scope.close(scope, exit)
  const { postgres, redis } = await Effect.all(
    { postgres: findPostgres, redis: findRedis },
    { concurrency: 2 }
  ).pipe(Scope.provide(scope), Effect.onError((cause) => close(Exit.failCause(cause))), Effect.runPromise)
  root.provide("postgresUrl", postgres)
  root.provide("redisUrl", Option.getOrUndefined(redis))
  return () => Effect.runPromise(close(Exit.void))
}

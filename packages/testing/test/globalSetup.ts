/** Finds or starts, once a run, the servers that the tests of the selected projects use. */
import { Effect, Exit, Option, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { findPostgres, findRedis } from "./serversFind.ts"

const withoutServers = new Set(["core", "enrich"])

export default async (root: TestProject) => {
  if (root.vitest.projects.every((project) => withoutServers.has(project.name))) return
  // Hundreds of processes are started, each of which would else compile the same modules for a second.
  const compiled = await mkdtemp(join(tmpdir(), "sojourn-compiled-"))
  process.env["NODE_COMPILE_CACHE"] = compiled
  const scope = Scope.makeUnsafe()
  const close = <A, E>(exit: Exit.Exit<A, E>) => Scope.close(scope, exit)
  const { postgres, redis } = await Effect.all(
    { postgres: findPostgres, redis: findRedis },
    { concurrency: 2 }
  ).pipe(Scope.provide(scope), Effect.onError((cause) => close(Exit.failCause(cause))), Effect.runPromise)
  root.provide("postgresUrl", postgres)
  root.provide("redisUrl", Option.getOrUndefined(redis))
  return async () => {
    await Effect.runPromise(close(Exit.void))
    // Again, where a process that is just ending writes what it has compiled.
    await rm(compiled, { recursive: true, force: true, maxRetries: 5 })
  }
}

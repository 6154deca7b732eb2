/** Finds or starts, once a run, the servers that the tests of the selected projects use. */
import { Effect, Exit, Option, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { findPostgres, findRedis } from "./serversFind.ts"

const withoutServers = new Set(["core", "enrich"])

/** Hundreds of processes are started, each of which would else compile the same modules for a second. */
const compileCache = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sojourn-compiled-"))),
  // Again, where a process that is just ending writes what it has compiled.
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
)

export default async (root: TestProject) => {
  if (root.vitest.projects.every((project) => withoutServers.has(project.name))) return
  const scope = Scope.makeUnsafe()
  const close = <A, E>(exit: Exit.Exit<A, E>) => Scope.close(scope, exit)
  const { compiled, postgres, redis } = await Effect.all(
    { compiled: compileCache, postgres: findPostgres, redis: findRedis },
    { concurrency: 3 }
  ).pipe(Scope.provide(scope), Effect.onError((cause) => close(Exit.failCause(cause))), Effect.runPromise)
  process.env["NODE_COMPILE_CACHE"] = compiled
  root.provide("postgresUrl", postgres)
  root.provide("redisUrl", Option.getOrUndefined(redis))
  return () => Effect.runPromise(close(Exit.void))
}

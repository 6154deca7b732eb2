/** Sojourn, composed as an application composes it. */
import { CreateSession, createSession, UserId } from "@sojourn/core"
import { Effect, Exit, Layer, Option, Redacted, Scope } from "effect"
import { Sojourn } from "sojourn"
import { type Login, userAgents } from "./Logins.ts"
import type { BenchEnv } from "./Scenario.ts"

/** A Layer's services, until they are closed. */
export const open = async <R, E>(layer: Layer.Layer<R, E>) => {
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  return { context, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

/**
 * With nothing set but where its servers are. What it does in the background is off: it would fall on the rounds of the
 * others.
 */
export const openSojourn = (env: BenchEnv, databaseUrl: string, redisPrefix = env.freshPrefix()) =>
  open(Sojourn.layer({
    databaseUrl: Redacted.make(databaseUrl),
    redisUrl: Redacted.make(env.redisUrl),
    redisPrefix,
    sweepEvery: "never",
    cacheRepair: false
  }))

/** A login of this user. */
export const loginAs = (userId: string): Login => ({
  userId,
  userAgent: userAgents[0]!,
  ipAddress: "80.67.16.8"
})

/** The whole of a login. */
export const createAs = ({ ipAddress, userAgent, userId }: Login) =>
  createSession(CreateSession.make({
    userId: UserId.make(userId),
    ipAddress: Option.some(ipAddress),
    userAgent: Option.some(userAgent)
  }))

/** One login after the other. */
export const createNext = (next: () => Login) => Effect.suspend(() => createAs(next()))

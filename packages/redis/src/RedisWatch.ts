/** Tells the log when Redis goes away and when it is back, once each. */
import { Effect } from "effect"
import type { Cluster, Redis } from "ioredis"
import { fromUnknown, type RedisFailure } from "./RedisFailure.ts"

/** Listens until the scope closes. The function that it returns reports an outage that ioredis has no event for. */
export const watch = Effect.fnUntraced(function*(client: Redis | Cluster) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let state: "up" | "down" | "closing" = "up"

  const down = (failure: RedisFailure) => {
    if (state !== "up") return
    state = "down"
    run(Effect.logWarning(`Sessions are served without Redis until it is back: ${failure.message}`))
  }
  const ready = () => {
    if (state !== "down") return
    state = "up"
    run(Effect.logInfo("Redis is back"))
  }

  // Stays on the client: ioredis prints errors that nobody listens to, and theirs is the text with the credentials.
  client.on("error", (error) => down(fromUnknown(error)))
  client.on("close", () => down(fromUnknown(new Error("Connection is closed."))))
  client.on("ready", ready)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      state = "closing"
    })
  )
  return down
})

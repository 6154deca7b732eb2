/** A process that keeps an embedded database open until it is killed. */
import { EmbeddedDatabase } from "@sojourn/postgres"
import { Effect, Layer } from "effect"

Effect.runPromise(Effect.scoped(
  Layer.build(EmbeddedDatabase.layer({ dataDir: process.argv[2] })).pipe(
    Effect.andThen(Effect.sync(() => process.send?.("open"))),
    Effect.andThen(Effect.never)
  )
))

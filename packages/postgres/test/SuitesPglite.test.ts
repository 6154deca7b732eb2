import { EmbeddedDatabase, Migrations } from "@sojourn/postgres"
import { Layer } from "effect"
import { stores } from "./database.ts"
import * as SessionSeed from "./sessionSeed.ts"
import { suites } from "./suites.ts"

suites(
  "PGlite",
  Layer.merge(stores(), SessionSeed.layer).pipe(
    Layer.provideMerge(Migrations.layer()),
    Layer.provideMerge(EmbeddedDatabase.layer())
  )
)

import { Layer } from "effect"
import { postgres } from "./database.ts"
import * as SessionSeed from "./sessionSeed.ts"
import { suites } from "./suites.ts"

suites("PostgreSQL", Layer.provideMerge(SessionSeed.layer, postgres()))

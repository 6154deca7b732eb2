import * as LifeSuite from "@sojourn/testing/LifeSuite"
import { memory } from "./memory.ts"

LifeSuite.suite("memory", memory)

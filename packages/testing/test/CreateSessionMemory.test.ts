import * as CreateSessionSuite from "@sojourn/testing/CreateSessionSuite"
import { memory } from "./memory.ts"

CreateSessionSuite.suite("memory", memory)

import * as ConcurrencySuite from "@sojourn/testing/ConcurrencySuite"
import * as EventLogSuite from "@sojourn/testing/EventLogSuite"
import * as SessionRepoSuite from "@sojourn/testing/SessionRepoSuite"
import { memory } from "./memory.ts"

SessionRepoSuite.suite("memory", memory)
EventLogSuite.suite("memory", memory)
ConcurrencySuite.suite("memory", memory)

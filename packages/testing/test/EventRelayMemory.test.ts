import * as EventRelaySuite from "@sojourn/testing/EventRelaySuite"
import * as RelayRepoSuite from "@sojourn/testing/RelayRepoSuite"
import { memory } from "./memory.ts"

RelayRepoSuite.suite("memory", memory)
EventRelaySuite.suite("memory", memory)

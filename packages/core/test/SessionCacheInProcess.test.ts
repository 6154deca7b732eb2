import { SessionCacheInProcess } from "@sojourn/core"
import * as SessionCacheSuite from "@sojourn/testing/SessionCacheSuite"

SessionCacheSuite.suite("in process", SessionCacheInProcess.layer())

/** Every suite of a store, over one database. */
import type { CredentialRepo, EventLog, RelayRepo, SessionRepo, UserRepo } from "@sojourn/core"
import type { SessionSeed } from "@sojourn/testing"
import * as ConcurrencySuite from "@sojourn/testing/ConcurrencySuite"
import * as CreateSessionSuite from "@sojourn/testing/CreateSessionSuite"
import * as CredentialRepoSuite from "@sojourn/testing/CredentialRepoSuite"
import * as EventLogSuite from "@sojourn/testing/EventLogSuite"
import * as EventRelaySuite from "@sojourn/testing/EventRelaySuite"
import * as LifeSuite from "@sojourn/testing/LifeSuite"
import * as RelayRepoSuite from "@sojourn/testing/RelayRepoSuite"
import * as SessionRepoSuite from "@sojourn/testing/SessionRepoSuite"
import * as UserRepoSuite from "@sojourn/testing/UserRepoSuite"
import type { Layer } from "effect"

export const suites = (
  name: string,
  layer: Layer.Layer<SessionRepo | CredentialRepo | UserRepo | EventLog | RelayRepo | SessionSeed, unknown>
): void => {
  const options = { timeout: "60 seconds" } as const
  UserRepoSuite.suite(name, layer, options)
  SessionRepoSuite.suite(name, layer, options)
  CredentialRepoSuite.suite(name, layer, options)
  EventLogSuite.suite(name, layer, options)
  RelayRepoSuite.suite(name, layer, options)
  EventRelaySuite.suite(name, layer, options)
  CreateSessionSuite.suite(name, layer, options)
  LifeSuite.suite(name, layer, options)
  ConcurrencySuite.suite(name, layer, options)
}

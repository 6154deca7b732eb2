import { assert, it } from "@effect/vitest"
import {
  ActivityWriter,
  byAdministrator,
  EventLog,
  getSession,
  RevokeSession,
  revokeSession,
  SessionCache,
  SessionId,
  SessionLookup,
  SessionPolicy,
  SessionRepoError,
  SessionRules
} from "@sojourn/core"
import { layerLocalhostCookie, SessionCookie, SessionCookieSettings, TrustedOrigins } from "@sojourn/http"
import { Fixtures, SessionCacheTest } from "@sojourn/testing"
import { DateTime, Duration, Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { ada, app, ask, bob, logIn } from "./app.ts"

const away = new SessionRepoError({ operation: "find", reason: "Unavailable", message: "away", cause: undefined })
const storeAway = Layer.merge(
  Layer.succeed(SessionLookup, { credential: () => Effect.fail(away) }),
  SessionCacheTest.layerNothing
)

it.effect("a cookie has exactly these attributes, and is in no body", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(DateTime.toEpochMillis(Fixtures.now))
    const { cookies, headers, text } = yield* ask("POST /login", { body: { user: ada } })
    assert.lengthOf(cookies, 1)
    assert.match(
      cookies[0]!,
      /^__Host-session=sjn1_[\w-]{24}\.[\w-]{43}; Path=\/; Expires=Tue, 31 Mar 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax$/
    )
    assert.strictEqual(headers.get("cache-control"), "no-store")
    assert.strictEqual(text, "")
  }).pipe(Effect.provide(app())))

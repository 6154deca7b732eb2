/** A user who logs in: the handler over the store that is tested, with everything around it recorded. */
import {
  CreateSession,
  createSession,
  type Device,
  EventBusInProcess,
  type Limit,
  type Location,
  routingTag,
  SessionCache,
  SessionCacheInProcess,
  type SessionId,
  type UserId
} from "@sojourn/core"
import { DateTime, Effect, Layer, Option } from "effect"
import { Digest } from "effect/crypto"
import { TestClock, TestConsole } from "effect/testing"
import * as EnricherTest from "../EnricherTest.ts"
import * as EventBusTest from "../EventBusTest.ts"
import { addresses, device, location, now, userAgents } from "../Fixtures.ts"
import * as SessionCacheTest from "../SessionCacheTest.ts"
import { givenUser } from "./given.ts"

/** How the surroundings behave. Default: both enrichers know, and nothing is broken. */
export interface Surroundings {
  readonly device?: EnricherTest.Answer<Device>
  readonly location?: EnricherTest.Answer<Location>
}

/** The fields of a login, all optional. */
export type Fields = Partial<Parameters<typeof CreateSession.make>[0]>

const TestServices = Layer.merge(TestClock.layer(), TestConsole.layer)

/** From noon of the first of March 2026 the clock stands still. */
export const onTestClock = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  TestClock.setTime(DateTime.toEpochMillis(now)).pipe(Effect.andThen(test), Effect.provide(TestServices))

/** What the handler does for this user, whether or not the store knows them. */
export const loginsOf = Effect.fnUntraced(function*(userId: UserId, surroundings: Surroundings = {}) {
  const devices = EnricherTest.device(surroundings.device ?? EnricherTest.known(device))
  const locations = EnricherTest.location(surroundings.location ?? EnricherTest.known(location))
  const cache = SessionCacheTest.recording()
  const bus = EventBusTest.recording()
  const context = yield* Layer.build(Layer.mergeAll(
    devices.layer,
    locations.layer,
    cache.layer.pipe(Layer.provide(SessionCacheInProcess.layer())),
    bus.layer.pipe(Layer.provide(EventBusInProcess.layer())),
    Digest.layerWebCrypto
  ))
  const cached = Effect.provide(SessionCache, context)
  return {
    userId,
    askedForDevice: devices.asked,
    askedForLocation: locations.asked,
    writes: cache.writes,
    published: bus.published,
    /** Logs in from Chrome on macOS, unless the fields say otherwise. */
    logIn: (fields: Fields = {}) =>
      createSession(CreateSession.make({
        userId,
        ipAddress: Option.some(addresses.documentation),
        userAgent: Option.some(userAgents.chromeOnMacOS),
        ...fields
      })).pipe(Effect.provide(context)),
    /** What the cache has of a session now. */
    cached: Effect.fnUntraced(function*(sessionId: SessionId) {
      return yield* (yield* cached).get(sessionId, routingTag(userId), yield* DateTime.now)
    }),
    /** The user's index in the cache. */
    indexed: Effect.gen(function*() {
      return yield* (yield* cached).index(userId, yield* DateTime.now)
    })
  }
})

/** A new user with this limit, who has not logged in yet. */
export const givenLogins = Effect.fnUntraced(function*(limit: Limit, surroundings: Surroundings = {}) {
  const { userId } = yield* givenUser(limit)
  return yield* loginsOf(userId, surroundings)
})

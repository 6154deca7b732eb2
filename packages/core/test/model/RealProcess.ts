/** A process that runs the handlers, caches and background fibers of core themselves. */
import {
  ActivityWriter,
  type CacheInvalidation,
  CacheInvalidations,
  CreateSession,
  createSession,
  type CredentialRepo,
  DeviceEnricher,
  type EventBus,
  type EventLog,
  FrontCache,
  LocationEnricher,
  makeToken,
  RevokeAllSessions,
  revokeAllSessions,
  RevokeSession,
  revokeSession,
  rotateSession,
  RotationGrace,
  SecretHash,
  type SessionCache,
  type SessionId,
  SessionLookup,
  SessionPolicy,
  type SessionRepo,
  SessionRules,
  StalenessBound,
  sweepSessions,
  touchSession,
  validateSession
} from "@sojourn/core"
import {
  Cause,
  Clock,
  Context,
  Duration,
  Effect,
  Exit,
  Layer,
  Option,
  Queue,
  References,
  Scheduler,
  Scope,
  Stream
} from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import type { Machine } from "./Machine.ts"
import { CurrentOperation, type Operation } from "./Operation.ts"
import * as Ports from "./Ports.ts"
import { digest, randomBytes, sha256 } from "./Randomness.ts"
import { actor, userId } from "./Scenario.ts"
import type { Servers } from "./Servers.ts"
import { frontMillis, type Outcome, type Process, type Rules, sharedMillis, type Token } from "./World.ts"

const processLayer = Layer.mergeAll(SessionLookup.layer, ActivityWriter.layer)
const frontLayer = FrontCache.layer({ timeToLive: Duration.millis(frontMillis) })

type Ports =
  | SessionRepo
  | CredentialRepo
  | EventLog
  | EventBus
  | SessionCache
  | CacheInvalidations
  | Digest.Digest
  | SecureRandom.SecureRandom
  | DeviceEnricher
  | LocationEnricher
type Services = Ports | SessionLookup | ActivityWriter

/** In the machine, and at once. */
const runNow = <A, E, R>(machine: Machine, effect: Effect.Effect<A, E, R>, context: Context.Context<R>): A => {
  const fiber = Effect.runForkWith(Context.add(context, Scheduler.Scheduler, machine))(effect)
  machine.settle()
  const exit = fiber.pollUnsafe()
  if (exit === undefined || !Exit.isSuccess(exit)) throw new Error(`A process did not start: ${String(exit)}`)
  return exit.value
}

const build = <A, E, R>(machine: Machine, layer: Layer.Layer<A, E, R>, context: Context.Context<R>) =>
  runNow(machine, Layer.buildWithScope(Layer.fresh(layer), Scope.makeUnsafe()), context)

const handler = (
  { dice, machine }: Servers,
  name: Operation["name"],
  { sessionId, token }: Token,
  except: SessionId | undefined
): Effect.Effect<Outcome["given"], { readonly _tag: string }, Services> => {
  switch (name) {
    case "validate":
      return Effect.as(validateSession(token), undefined)
    case "touch":
      return validateSession(token).pipe(
        Effect.tap(() => dice.once(2) ? machine.travel("work") : Effect.void),
        Effect.flatMap(({ session }) => touchSession(session)),
        Effect.as(undefined)
      )
    case "rotate":
      return Effect.map(rotateSession(token), (successor) => ({ sessionId, token: successor }))
    case "revoke":
      return Effect.as(revokeSession(RevokeSession.make({ sessionId, actor })), undefined)
    case "revokeAll": {
      const command = RevokeAllSessions.make({ userId, except: Option.fromUndefinedOr(except), actor })
      return Effect.as(revokeAllSessions(command), undefined)
    }
    case "sweep":
      return Effect.as(sweepSessions(), undefined)
    case "create":
      return createSession(CreateSession.make({ userId }))
  }
}

const outcome = (exit: Exit.Exit<Outcome["given"], { readonly _tag: string }>): Outcome => {
  if (Exit.isSuccess(exit)) return exit.value === undefined ? {} : { given: exit.value }
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) ? { error: error.value._tag } : { defect: Cause.squash(exit.cause) }
}

export const start = (servers: Servers, rules: Rules, hasFront: boolean): Process => {
  const { dice, machine } = servers
  const heard = runNow(machine, Queue.unbounded<CacheInvalidation>(), Context.empty())
  const idleTimeout = Option.map(Option.fromUndefinedOr(rules.idleMillis), Duration.millis)
  const ports: Context.Context<Ports> = Ports.make(servers).pipe(
    Context.add(Scheduler.Scheduler, machine),
    Context.add(Clock.Clock, machine.clock),
    Context.add(References.TracerEnabled, false),
    Context.add(References.MinimumLogLevel, "None"),
    Context.add(Digest.Digest, digest),
    Context.add(SecureRandom.SecureRandom, SecureRandom.make((size) => randomBytes(dice, size))),
    Context.add(DeviceEnricher, { enrich: () => Effect.succeedNone }),
    Context.add(LocationEnricher, { enrich: () => Effect.succeedNone }),
    Context.add(CacheInvalidations, { invalidations: Stream.fromQueue(heard) }),
    Context.add(StalenessBound, Duration.millis(sharedMillis)),
    Context.add(RotationGrace, Duration.millis(rules.graceMillis)),
    Context.add(SessionPolicy, SessionRules.make({ idleTimeout }))
  )
  const fronted = hasFront ? Context.merge(ports, build(machine, frontLayer, ports)) : ports
  const services = Context.merge(fronted, build(machine, processLayer, fronted))
  return {
    mint: (sessionId) => {
      const secret = randomBytes(dice, 32)
      return {
        sessionId,
        secret: SecretHash.make(sha256(secret).toString("hex")),
        token: makeToken(sessionId, userId, secret)
      }
    },
    call: (operation, token, except, done) => {
      const effect = handler(servers, operation.name, token, except)
      const fiber = Effect.runForkWith(services)(Effect.provideService(effect, CurrentOperation, operation))
      fiber.addObserver((exit) => done(outcome(exit)))
    },
    hear: (messages) => {
      Queue.offerAllUnsafe(heard, messages)
    }
  }
}

/** The ports of the handlers: the models of the servers, and the network in between. */
import {
  CredentialRepo,
  EventBus,
  EventId,
  EventLog,
  KeptSessionNotActive,
  SessionCache,
  SessionCacheError,
  SessionExpired,
  SessionNotFound,
  SessionRepo
} from "@sojourn/core"
import { Context, Effect, Option, Stream } from "effect"
import { CurrentOperation } from "./Operation.ts"
import { due, type Servers, system } from "./Servers.ts"

const eventId = EventId.make("00000000-0000-4000-8000-000000000000")
const notUsed = () => Effect.die(new Error("No handler of this model asks for it"))

const sessionRepo = (servers: Servers) => {
  const { machine, store } = servers
  return SessionRepo.of({
    admit: ({ secretHash, session }) =>
      Effect.flatMap(CurrentOperation, (operation) =>
        machine.roundTrip("admit", () => {
          const ended = servers.admit(operation, session, secretHash)
          return Effect.succeed({ ...ended, events: [], bornEnded: false })
        })),
    end: (id, end, { reuse }) =>
      Effect.flatMap(CurrentOperation, (operation) =>
        machine.roundTrip("end", () => {
          const row = store.rows.get(id)
          if (row === undefined) return Effect.fail(new SessionNotFound({ sessionId: id }))
          const changed = servers.end(operation, id, end, Option.isSome(reuse))
          return Effect.succeed({ userId: row.session.userId, changed, events: [] })
        })),
    endAll: (userId, except, end) =>
      Effect.flatMap(CurrentOperation, (operation) =>
        machine.roundTrip("endAll", () => {
          const ended = servers.endAll(operation, Option.getOrUndefined(except), end)
          return ended === undefined
            ? Effect.fail(new KeptSessionNotActive({ userId, sessionId: Option.getOrThrow(except) }))
            : Effect.succeed({ ...ended, events: [] })
        })),
    sweep: (now) =>
      Effect.flatMap(
        CurrentOperation,
        (operation) =>
          machine.roundTrip("sweep", () =>
            Effect.succeed(
              servers.sweep(operation, now).map((session) => {
                const { at, reason } = due(session)
                return SessionExpired.make({
                  eventId,
                  at,
                  userId: session.userId,
                  actor: system,
                  sessionId: session.id,
                  reason: reason === "expired" ? "expired" : "idle"
                })
              })
            ))
      ),
    purge: () => Effect.succeed(0),
    afterCommit: (effect) => effect,
    find: notUsed,
    list: notUsed,
    enforceLimit: notUsed,
    erase: notUsed,
    forget: notUsed
  })
}

const credentialRepo = (servers: Servers) => {
  const { machine, store } = servers
  return CredentialRepo.of({
    find: (ids) => machine.roundTrip("find", () => Effect.succeed(servers.find(ids))),
    rotate: (rotation) =>
      Effect.flatMap(
        CurrentOperation,
        (operation) => machine.roundTrip("rotate", () => Effect.succeed(servers.rotate(operation, rotation)))
      ),
    touch: (activities) =>
      machine.roundTrip("touch", () => {
        store.touch(activities)
        return Effect.void
      }),
    trust: notUsed,
    recordSuspicion: notUsed
  })
}

/** The shared cache. A call that goes wrong is not heard, or heard and not answered, or heard after all but late. */
const sessionCache = (servers: Servers) => {
  const { dice, machine, redis } = servers
  const write = (operation: string, serve: () => void) =>
    Effect.suspend(() => {
      const what = `cache ${operation}`
      const wrong = servers.goesWrong() ? dice.pick(["lost", "unanswered", "late"] as const) : undefined
      if (wrong === "late") machine.later(`${what}, late`, serve)
      return machine.roundTrip(wrong === undefined ? what : `${what} is ${wrong}`, () => {
        if (wrong === undefined || wrong === "unanswered") serve()
        return wrong === undefined
          ? Effect.void
          : Effect.fail(new SessionCacheError({ operation, message: wrong, cause: wrong }))
      })
    })

  return SessionCache.of({
    get: (id, _tag, now) =>
      Effect.suspend(() =>
        servers.goesWrong()
          ? Effect.as(machine.travel("cache get is lost"), Option.none())
          : machine.roundTrip(
            "cache get",
            () => Effect.succeed(Option.fromUndefinedOr(redis.get(id, now.epochMilliseconds)))
          )
      ),
    put: (session, fenced, now) => write("put", () => servers.put(session, fenced, now.epochMilliseconds)),
    fill: (session, now) => write("fill", () => redis.fill(session, now.epochMilliseconds)),
    touch: (session) => write("touch", () => redis.touch(session)),
    fence: (_userId, ids) => write("fence", () => servers.fence(ids)),
    unfenced: notUsed,
    index: notUsed
  })
}

export const make = (servers: Servers) =>
  Context.make(SessionRepo, sessionRepo(servers)).pipe(
    Context.add(CredentialRepo, credentialRepo(servers)),
    Context.add(EventLog, EventLog.of({ read: notUsed, purge: () => Effect.succeed(0) })),
    Context.add(EventBus, EventBus.of({ publish: () => Effect.void, events: Stream.never })),
    Context.add(SessionCache, sessionCache(servers))
  )

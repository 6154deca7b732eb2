import { assert, it } from "@effect/vitest"
import {
  CreateSession,
  createSession,
  EventLog,
  type EventSink,
  layerRelay,
  type LoggedEvent,
  RelayName,
  RelayRepo,
  User
} from "@sojourn/core"
import { Fixtures, SojournTest } from "@sojourn/testing"
import { verifyWebhook, WebhookSink } from "@sojourn/webhook"
import { Effect, Layer, Option } from "effect"
import { keys, services } from "./fixtures.ts"
import { type Answer, receiver } from "./receiver.ts"

const userId = Fixtures.session().userId
const login = createSession(CreateSession.make({ userId, ipAddress: Option.none(), userAgent: Option.none() }))
const stores = SojournTest.layer({ users: [User.make({ id: userId, maxSessions: Option.some(2) })] })

const everything = EventLog.use((log) => log.read({ after: 0, limit: 1_000, userId: Option.none() }))
const idOf = ({ event }: LoggedEvent) => event.eventId

/** Waits for what other fibers do. */
const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.delay(condition, "5 millis"), { until: (holds) => holds }).pipe(Effect.timeout("20 seconds"))

/** A receiver that verifies, keeps what it takes, and answers as it is told. */
const subscriber = Effect.fnUntraced(function*(answer: Answer) {
  const server = yield* receiver(answer)
  const taken = Effect.gen(function*() {
    const known = yield* keys("a")
    const events = yield* Effect.forEach(
      server.received,
      ({ body, headers, method, path }) =>
        verifyWebhook({ method, url: server.url + path, headers, body }, { keys: known })
    )
    return events.flat()
  })
  const relay = Effect.fnUntraced(function*(name: string) {
    return WebhookSink.layerFetch(RelayName.make(name), {
      url: server.url,
      keys: yield* keys("a"),
      retries: 0,
      relay: { every: "5 millis", retryAtMost: "20 millis", attempts: 3, lease: "2 seconds" }
    })
  })
  return { ...server, taken, relay }
})

/** While the relay runs. */
const running = <A, E, R, E2, R2>(relay: Layer.Layer<never, E2, R2>, effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.andThen(Layer.build(Layer.fresh(relay)), effect))

it.layer(Layer.merge(Layer.fresh(stores), services), { excludeTestServices: true })("relays", (it) => {
  it.effect("D2 a receiver that is away, fails and loses its answers gets every event, in order, with stable ids", () =>
    Effect.gen(function*() {
      const { received, relay, taken } = yield* subscriber((response, _, n) =>
        n < 3
          ? void response.writeHead(503).end()
          : n % 4 === 0
          // taken, but the sender never learns of it
          ? void response.destroy()
          : void response.writeHead(204).end()
      )
      yield* Effect.repeat(login, { times: 5 })
      const before = yield* everything
      yield* running(yield* relay("mail"), until(Effect.sync(() => received.length >= before.length + 5)))
      // away while more happens
      yield* Effect.repeat(login, { times: 5 })
      const all = yield* everything
      const last = all.at(-1)
      yield* running(
        yield* relay("mail"),
        until(Effect.map(taken, (events) => events.some(({ position }) => position === last?.position)))
      )

      const events = yield* taken
      const first = events.filter((event, at) => events.findIndex((other) => idOf(other) === idOf(event)) === at)
      assert.isAbove(all.length, 12)
      assert.deepStrictEqual(first.map(idOf), all.map(idOf))
      assert.deepStrictEqual(first.map(({ position }) => position), all.map(({ position }) => position))
      assert.isAbove(events.length, all.length)
    }))

  it.effect("D3 what a receiver rejects is set aside with its words; other events and other relays go on", () =>
    Effect.gen(function*() {
      yield* Effect.repeat(login, { times: 3 })
      const all = yield* everything
      const poison = all[2]!
      const { relay, taken } = yield* subscriber((response, { body }) =>
        void response.writeHead(new TextDecoder().decode(body).includes(idOf(poison)) ? 422 : 200).end()
      )
      const others: Array<LoggedEvent> = []
      const other: EventSink = (events) => Effect.sync(() => void others.push(...events))
      const repo = yield* RelayRepo
      yield* running(
        Layer.merge(yield* relay("audit"), layerRelay(RelayName.make("other"), other, { every: "5 millis" })),
        until(
          Effect.map(
            repo.list,
            (relays) =>
              relays.filter(({ head, name, position }) => position === head && ["audit", "other"].includes(name))
                .length === 2
          )
        )
      )
      const [aside, ...more] = yield* repo.setAside(RelayName.make("audit"), 10)
      assert.deepStrictEqual([aside?.eventId, aside?.position, more.length], [idOf(poison), poison.position, 0])
      assert.match(aside?.message ?? "", /^http:\/\/127\.0\.0\.1:\d+ answered 422$/)
      const ids = new Set((yield* taken).map(idOf))
      assert.deepStrictEqual(all.map(idOf).filter((id) => !ids.has(id)), [])
      assert.deepStrictEqual(others.map(idOf), all.map(idOf))
      assert.isAtLeast((yield* taken).filter((event) => idOf(event) === idOf(poison)).length, 3)
    }))
})

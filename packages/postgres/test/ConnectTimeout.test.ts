/** How long it is tried to connect to a server that takes the connection and says nothing. */
import { assert, it } from "@effect/vitest"
import { Database } from "@sojourn/postgres"
import { Clock, Effect, Layer, Redacted } from "effect"
import { createServer, type Socket } from "node:net"

/** The port of such a server. */
const silentServer = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
    const sockets: Array<Socket> = []
    const server = createServer((socket) => sockets.push(socket.on("error", () => {})))
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({
        port,
        close: () => {
          for (const socket of sockets) socket.destroy()
          server.close()
        }
      }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

it.live.each(
  [
    ["the URL says", "?connect_timeout=1", {}],
    ["the option says, whatever the URL does", "?connect_timeout=60", { connectTimeout: "1 second" }]
  ] as const
)("it is tried for as long as %s", ([, query, options]) =>
  Effect.gen(function*() {
    const { port } = yield* silentServer
    const url = Redacted.make(`postgres://ada@127.0.0.1:${port}/app${query}`)
    const before = yield* Clock.currentTimeMillis
    const error = yield* Effect.flip(Effect.scoped(Layer.build(Database.layer({ url, ...options }))))
    const took = (yield* Clock.currentTimeMillis) - before
    assert.include(error.message, "cannot be reached")
    assert.isAtLeast(took, 900)
    assert.isAtMost(took, 3500)
  }).pipe(Effect.scoped), 20_000)

/** A connection that can be cut without either end noticing, as by a firewall that forgets it. */
import { Effect } from "effect"
import { connect, createServer, type Socket } from "node:net"

/** Passes on what is sent to `port`, until `cut`: from then on nothing is passed, and nothing is closed. */
export const startProxy = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly cut: Effect.Effect<void>; readonly close: () => void }>(
      (resume) => {
        const sockets = new Set<Socket>()
        let isCut = false
        const server = createServer((near) => {
          const far = connect(port, "127.0.0.1")
          for (const [from, to] of [[near, far], [far, near]] as const) {
            sockets.add(from)
            from.on("data", (bytes) => !isCut && to.write(bytes))
            from.on("error", () => {})
            from.on("close", () => !isCut && to.destroy())
          }
        }).listen(0, "127.0.0.1", () => {
          const address = server.address()
          resume(Effect.succeed({
            url: `redis://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
            cut: Effect.sync(() => {
              isCut = true
            }),
            close: () => {
              server.close()
              for (const socket of sockets) socket.destroy()
            }
          }))
        })
      }
    ),
    (proxy) => Effect.sync(proxy.close)
  )

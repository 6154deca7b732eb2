/** A connection that can be cut without either end noticing, as by a firewall that forgets it, or led elsewhere. */
import { Effect } from "effect"
import { connect, createServer, type Socket } from "node:net"

interface Proxy {
  readonly url: string
  /** From now on nothing is passed on, and nothing is closed. */
  readonly cut: Effect.Effect<void>
  /** Connections that begin from now on lead to this port; those that are open stay. */
  readonly leadTo: (port: number) => Effect.Effect<void>
  /** The next request with this text is passed on, and instead of its answer comes the end of its connection. */
  readonly loseAnswerTo: (text: string) => Effect.Effect<void>
  readonly close: () => void
}

/** Passes on what is sent to `port`. */
export const startProxy = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<Proxy>(
      (resume) => {
        const sockets = new Set<Socket>()
        let isCut = false
        let target = port
        let losing: string | undefined
        const server = createServer((near) => {
          const far = connect(target, "127.0.0.1")
          near.on("data", (bytes) => {
            if (losing === undefined || !bytes.includes(losing)) return
            losing = undefined
            far.removeAllListeners("data").on("data", () => near.destroy())
          })
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
            leadTo: (port) =>
              Effect.sync(() => {
                target = port
              }),
            loseAnswerTo: (text) =>
              Effect.sync(() => {
                losing = text
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

/** A receiver of webhooks: an HTTP server of node's own, which keeps what it was sent. */
import { Effect } from "effect"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/** How it answers the nth request, the first being 0. */
export type Answer = (response: ServerResponse, request: Received, n: number) => void

export const status = (code: number, headers: Record<string, string> = {}): Answer => (response) =>
  response.writeHead(code, headers).end()

/** Listens until the scope closes. `sockets`: the connections that were ever made. */
export const receiver = (answer: Answer) =>
  Effect.acquireRelease(
    Effect.callback<
      {
        readonly url: string
        readonly received: Array<Received>
        readonly sockets: Set<Socket>
        readonly close: () => void
      }
    >(
      (resume) => {
        const received: Array<Received> = []
        const sockets = new Set<Socket>()
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            const { headers, method = "", url: path = "" } = request
            const one = { method, path, headers, body: new Uint8Array(Buffer.concat(chunks)) }
            received.push(one)
            answer(response, one, received.length - 1)
          })
        })
        server.on("connection", (socket) => sockets.add(socket))
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          const close = () => {
            server.close()
            server.closeAllConnections()
          }
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, received, sockets, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

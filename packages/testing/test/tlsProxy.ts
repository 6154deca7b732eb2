/** A server of the test's own that speaks TLS, in front of one that does not. */
import { Effect } from "effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { createSecureContext, TLSSocket } from "node:tls"

/** Nobody's authority: no program trusts it unless it is told to. */
export const authority = `-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUVmxCTkupzOLJt4wJpmdgNpXLZoMwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPU29qb3VybidzIHRlc3RzMCAXDTI2MTEyNzE1MTUwMloYDzIx
MjYxMTAzMTUxNTAyWjAaMRgwFgYDVQQDDA9Tb2pvdXJuJ3MgdGVzdHMwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARXLpUQhQbvhBMNfo7kLklBcl7iYIy2dqsTIJrF
Tu/3iAWYts3a3YBfQ/HnnQoTquXZAxBpfRW1pI3hqwZb2aFQo1MwUTAdBgNVHQ4E
FgQUanfYZzYr4GBuAO+fCXcrhYM4yA0wHwYDVR0jBBgwFoAUanfYZzYr4GBuAO+f
CXcrhYM4yA0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAnppG
fWeC9yZMHClCWrA068fqbhjgaWQK0+bxTgDNtRgCICkrLlBp9FuE978WANGAa8WQ
Oy2lKtTvg87Mr4n4vOBD
-----END CERTIFICATE-----`

/** Of `localhost` by that name alone, until 2126. Its key guards nothing but tests. */
const secureContext = createSecureContext({
  cert: `-----BEGIN CERTIFICATE-----
MIIBijCCATCgAwIBAgIUJRR9Fv/cVgaLGWNt6SF3e6G7scAwCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPU29qb3VybidzIHRlc3RzMCAXDTI2MTEyNzE1MTUwM1oYDzIx
MjYxMTAzMTUxNTAzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAR3EcQ7gyJQwLGg6tqH5LJI4b16SLEe05zfDIi2J+h5CZad
6ruTDVskZ3+l19kxVGjcGQlBa3ziWFSKKYB5mPICo1gwVjAUBgNVHREEDTALggls
b2NhbGhvc3QwHQYDVR0OBBYEFMW7gsiQ90x39NujZctw3bJ0PNAsMB8GA1UdIwQY
MBaAFGp32Gc2K+BgbgDvnwl3K4WDOMgNMAoGCCqGSM49BAMCA0gAMEUCIGXkaE8Y
ZjG6uMBPHq4eNExYk/HkENy1883rcTwqTPgBAiEA7sNRtM1nRUlzHjXEcJTq3zSW
u7GfPnatkB8rgxgrKFs=
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKBeYW+YxesmLuAOr
1ng+YlrsAu309nRHxQHl7PF4hiChRANCAAR3EcQ7gyJQwLGg6tqH5LJI4b16SLEe
05zfDIi2J+h5CZad6ruTDVskZ3+l19kxVGjcGQlBa3ziWFSKKYB5mPIC
-----END PRIVATE KEY-----`
})

/** What a client of PostgreSQL begins with when it wants TLS: a message of 8 bytes with this code. */
const sslRequest = 80877103

/** Waits for the request, and answers it. */
const grant = (socket: Socket, isGranted: boolean) =>
  new Promise<void>((resolve, reject) => {
    socket.once("error", reject)
    socket.once("data", (bytes) => {
      socket.pause()
      if (bytes.length !== 8 || bytes.readUInt32BE(4) !== sslRequest) return reject(new Error("No request for TLS"))
      socket.write(isGranted ? "S" : "N", () => resolve())
    })
  })

/**
 * Listens on a free port, and passes on to `url` what comes encrypted: to PostgreSQL once TLS was asked for, to Redis from
 * the first byte, as to HTTP. `url` is for encrypted connections: `rediss:`, `https:`. `refuse`: as a PostgreSQL that has no TLS.
 */
export const tlsProxy = (url: string, { refuse = false } = {}) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: (host: string) => URL; readonly close: () => void }>((resume) => {
      const target = new URL(url)
      const isPostgres = target.protocol.startsWith("postgres")
      const sockets = new Set<Socket>()
      const accept = async (client: Socket) => {
        if (isPostgres) await grant(client, !refuse)
        const secure = new TLSSocket(client, { isServer: true, secureContext })
        const upstream = connect({ host: target.hostname, port: Number(target.port) })
        for (const socket of [client, secure, upstream]) sockets.add(socket.on("error", () => socket.destroy()))
        secure.pipe(upstream).pipe(secure)
      }
      const server = createServer((client) => {
        sockets.add(client)
        accept(client).catch(() => client.destroy())
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        const urlOf = (host: string) => {
          const secured = new URL(url)
          if (!isPostgres) secured.protocol = target.protocol.replace(":", "s:")
          secured.host = `${host}:${port}`
          return secured
        }
        resume(Effect.succeed({ url: urlOf, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

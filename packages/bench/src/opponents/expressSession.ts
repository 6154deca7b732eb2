/** express-session with connect-redis: its store, and the checks of its middleware around it. */
import { RedisStore } from "connect-redis"
import session from "express-session"
import { randomUUID } from "node:crypto"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import { createClient } from "redis"
import type { BenchEnv } from "../Scenario.ts"

declare module "express-session" {
  interface SessionData {
    userId: string
  }
}

const cookieOf = (headers: Record<string, unknown>): string => String(headers["set-cookie"]).split(";", 1)[0]!

/** The options that its documentation recommends. `redis` pipelines what is sent at the same time by itself. */
export const openExpressSession = async (env: BenchEnv) => {
  const client = createClient({ url: env.redisUrl })
  await client.connect()
  const middleware = session({
    store: new RedisStore({ client, prefix: `${env.freshPrefix()}:` }),
    secret: "a secret that is long enough for a benchmark",
    resave: false,
    saveUninitialized: false
  })
  const request = (cookie: string | undefined) => {
    const incoming = new IncomingMessage(new Socket())
    incoming.url = "/"
    if (cookie !== undefined) incoming.headers.cookie = cookie
    const response = new ServerResponse(incoming)
    return new Promise<{ incoming: IncomingMessage & { session: session.Session }; response: ServerResponse }>(
      (resolve, reject) =>
        // It reads and writes what Node's own request and response have, and `originalUrl`, which it makes up itself.
        middleware(incoming as never, response as never, (error: unknown) =>
          error === undefined ? resolve({ incoming: incoming as never, response }) : reject(error as Error))
    )
  }
  return {
    close: () => client.close(),
    /** A cookie of a session of that user. */
    signIn: async (userId: string): Promise<string> => {
      const { incoming, response } = await request(undefined)
      Object.assign(incoming.session, { userId, login: randomUUID() })
      await new Promise<void>((resolve, reject) =>
        incoming.session.save((error: unknown) =>
          error === undefined || error === null ? resolve() : reject(error as Error)
        )
      )
      response.writeHead(200)
      return cookieOf(response.getHeaders())
    },
    /** Whose session the cookie is of. */
    validate: async (cookie: string): Promise<unknown> => {
      const { incoming } = await request(cookie)
      return Reflect.get(incoming.session, "userId")
    }
  }
}

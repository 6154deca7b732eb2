import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Redis } from "ioredis"
import { once } from "node:events"
import { createServer } from "node:http"
import type { Readable } from "node:stream"
import { freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import { assertFailure, sojourn, start } from "./process.ts"

const timeout = 120_000

const logins = 2000

/** The environment with the URL of a server on which alice has logged in many times. */
class Server extends Context.Service<Server, Record<string, string>>()("Server") {
  static readonly layer = Layer.effect(
    Server,
    Effect.gen(function*() {
      const env = { DATABASE_URL: Redacted.value(yield* freshDatabase) }
      yield* sojourn(["migrate"], env)
      yield* sojourn(["users", "put", "alice", "--tier", "pro"], env)
      const { exitCode } = yield* sojourn(["create", "--from", "-"], env, "{\"userId\":\"alice\"}\n".repeat(logins))
      assert.strictEqual(exitCode, 0)
      return env
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

const onServer = Effect.fnUntraced(function*(args: ReadonlyArray<string>, env: Record<string, string> = {}) {
  return yield* sojourn(args, { ...(yield* Server), ...env })
})

const startOnServer = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  return yield* start(args, yield* Server)
})

/** The positions of whole lines of JSON; a torn line fails. */
const positions = (stdout: string): ReadonlyArray<number> =>
  stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line).position)

const streamLength = (key: string) =>
  Effect.promise(async () => {
    const client = new Redis(String(redisUrl))
    const length = await client.xlen(key)
    client.disconnect()
    return length
  })

/** Reads so many lines, and then no more. */
const read = (stdout: Readable, lines: number) =>
  Effect.callback<void>((resume) => {
    let count = 0
    stdout.on("data", (text: string) => {
      count += text.split("\n").length - 1
      if (count < lines) return
      stdout.pause()
      resume(Effect.void)
    })
  })

/** Reads until this has been said. */
const untilSaid = (stderr: Readable, what: string) =>
  Effect.callback<void>((resume) => {
    let said = ""
    stderr.on("data", (text: string) => {
      said += text
      if (said.includes(what)) resume(Effect.void)
    })
  })

/** The positions of the log. */
const log = Effect.map(onServer(["events", "--json"]), ({ stdout }) => positions(stdout))

layer(Server.layer, { timeout, excludeTestServices: true })("on a server, a process each", (it) => {
  it.effect(
    "D2 events --follow prints what another process does; Ctrl-C: exit code 130, nothing on standard error",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const after = (yield* log).at(-1)
        const { child, ended } = yield* startOnServer("events", "--follow", "--json", "--after", String(after))
        const printed = Effect.promise(() => once(child.stdout, "data"))
        yield* Effect.all([onServer(["create", "alice"]), printed], { concurrency: 2 })
        child.kill("SIGINT")
        const { exitCode, stderr, stdout } = yield* ended
        const fresh = (yield* log).filter((position) => position > Number(after))
        assert.lengthOf(fresh, 1)
        assert.deepStrictEqual([exitCode, stderr, positions(stdout)], [130, "", fresh])
      })),
    timeout
  )

  it.effect(
    "events --follow ends quietly when nobody reads any more, as with `| head`",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* startOnServer("events", "--follow")
        yield* Effect.promise(() => once(child.stdout, "data"))
        child.stdout.destroy()
        yield* onServer(["create", "alice"])
        const { exitCode, stderr } = yield* ended
        assert.deepStrictEqual([exitCode, stderr], [0, ""])
      })),
    timeout
  )

  it.effect(
    "events --follow: on Ctrl-C a slow reader gets whole lines, all that was printed",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const { child, ended } = yield* startOnServer("events", "--follow", "--json")
        yield* Effect.promise(() => once(child.stdout, "data"))
        child.stdout.pause()
        yield* Effect.sleep("500 millis")
        child.kill("SIGINT")
        yield* Effect.sleep("1 second")
        child.stdout.resume()
        const { exitCode, stdout } = yield* ended
        assert.strictEqual(exitCode, 130)
        assert.match(stdout, /\}\n$/)
        const got = positions(stdout)
        assert.deepStrictEqual(got, (yield* log).slice(0, got.length))
      })),
    timeout
  )

  it.effect(
    "D2 relay: killed with SIGKILL it goes on where it was, and everything has come, in order",
    () =>
      Effect.gen(function*() {
        const first = yield* Effect.scoped(Effect.gen(function*() {
          const { child, ended } = yield* startOnServer("relay", "audit", "--to", "stdout")
          // In the middle of the second batch.
          yield* read(child.stdout, 600)
          child.kill("SIGKILL")
          child.stdout.resume()
          return positions((yield* ended).stdout)
        }))
        const second = yield* onServer(["relay", "audit", "--to", "stdout", "--until-caught-up"])
        assert.strictEqual(second.exitCode, 0)
        assert.match(second.stderr, /100 % {2}[\d,]+ delivered.*, 0 behind\n$/)
        const rest = positions(second.stdout)
        const all = yield* log
        const again = rest[0] ?? Number.POSITIVE_INFINITY
        assert.isAbove(again, 1)
        assert.deepStrictEqual([...first.filter((position) => position < again), ...rest], all)
      }),
    timeout
  )

  it.effect(
    "relay: Ctrl-C lets another go on at once",
    () =>
      Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          const { child, ended } = yield* startOnServer("relay", "stopped", "--to", "none")
          yield* untilSaid(child.stderr, ", 0 behind")
          child.kill("SIGINT")
          assert.strictEqual((yield* ended).exitCode, 130)
        }))
        const { relays } = JSON.parse((yield* onServer(["relays", "--json"])).stdout)
        const stopped = relays.find(({ name }: { readonly name: string }) => name === "stopped")
        assert.deepStrictEqual([stopped.heldUntil, stopped.behind], [null, 0])
      }),
    timeout
  )

  it.effect(
    "relay to a webhook: signed requests, each event once; without a key or in clear text: one line",
    () =>
      Effect.scoped(Effect.gen(function*() {
        const received: Array<{ readonly position: number; readonly signed: boolean }> = []
        const receiver = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
            const signed = String(request.headers["signature-input"]).includes("keyid=\"receiver-1\"")
            const body = JSON.parse(Buffer.concat(chunks).toString())
            for (const { position } of body.events) received.push({ position, signed })
            response.writeHead(204).end()
          })
        }).listen(0, "127.0.0.1")
        yield* Effect.promise(() => once(receiver, "listening"))
        yield* Effect.addFinalizer(() => Effect.sync(() => receiver.close()))
        const address = receiver.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const relay = (url: string, env: Record<string, string>) =>
          onServer(["relay", "billing", "--to", url, "--from", "end", "--until-caught-up", "--json"], env)
        const key = {
          SOJOURN_WEBHOOK_KEY: Buffer.alloc(32, 7).toString("base64"),
          SOJOURN_WEBHOOK_KEY_ID: "receiver-1"
        }
        const url = `http://127.0.0.1:${port}/hooks?secret=hunter22`

        assertFailure(yield* relay(url, {}), "set SOJOURN_WEBHOOK_KEY")
        assertFailure(yield* relay(url, { SOJOURN_WEBHOOK_KEY: "c2hvcnQ=" }), "at least 24")
        const clear = yield* relay("http://example.com/hooks?secret=hunter22", key)
        assertFailure(clear, "https://")
        assert.notInclude(clear.stderr, "hunter22")

        assert.strictEqual((yield* relay(url, key)).exitCode, 0)
        assert.deepStrictEqual(received, [])
        yield* onServer(["create", "alice"])
        yield* onServer(["create", "alice"])
        const { exitCode, stderr, stdout } = yield* relay(url, key)
        const two = (yield* log).slice(-2)
        assert.deepStrictEqual([exitCode, JSON.parse(stdout).delivered], [0, 2])
        assert.deepStrictEqual(received, two.map((position) => ({ position, signed: true })))
        assert.notInclude(stderr, "hunter22")
      })),
    timeout
  )

  it.effect.skipIf(redisUrl === undefined)(
    "relay to Redis: every event into the stream",
    () =>
      Effect.gen(function*() {
        const prefix = yield* freshRedisPrefix
        const env = { REDIS_URL: String(redisUrl), SOJOURN_REDIS_PREFIX: prefix }
        const { exitCode, stdout } = yield* onServer(
          ["relay", "push", "--to", "redis", "--until-caught-up", "--json"],
          env
        )
        assert.deepStrictEqual([exitCode, JSON.parse(stdout).delivered], [0, (yield* log).length])
        assert.strictEqual(yield* streamLength(`${prefix}:events`), (yield* log).length)
      }),
    timeout
  )
})

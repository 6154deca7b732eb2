/** Revoked stays revoked, on the real servers: three processes, a delay at every step to the database or the cache. */
import { assert, it } from "@effect/vitest"
import { Database, Migrations, UserRepoPostgres } from "@sojourn/postgres"
import { Effect, Layer, Random, Redacted } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { join } from "node:path"
import { User, UserId, UserRepo } from "sojourn"
import { describeRedis, freshDatabase, freshRedisPrefix, redisUrl } from "../../testing/test/servers.ts"
import type { Command, Settings } from "./revokedWorker.ts"

/** Default: 10 seconds each way. */
const seconds = Number(process.env["SOJOURN_TEST_REVOKED_SECONDS"] ?? 10)

interface Answer {
  readonly value?: unknown
  readonly failure?: string
}

const start = (settings: Settings) =>
  Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const child = fork(join(import.meta.dirname, "revokedWorker.ts"), [JSON.stringify(settings)]).setMaxListeners(0)
      child.once("message", () => resume(Effect.succeed(child)))
      child.once("exit", (code) => resume(Effect.die(new Error(`A process ended with ${code}`))))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

let commands = 0
const tell = (child: ChildProcess, command: Command) =>
  Effect.callback<Answer>((resume) => {
    const nth = commands++
    const hear = (message: Answer & { readonly nth: number }) => {
      if (message.nth !== nth) return
      child.off("message", hear)
      resume(Effect.succeed(message))
    }
    child.on("message", hear)
    child.send({ nth, command })
  })

interface Known {
  readonly sessionId: string
  readonly userId: string
  tokens: Array<string>
  /** When an ending of it had returned. */
  endedAt: number | undefined
}

const users = Array.from({ length: 6 }, (_, nth) => `user-${nth}`)

const any = <A>(items: ReadonlyArray<A>) => Effect.map(Random.nextIntBetween(0, items.length - 1), (at) => items[at]!)

/** How many there must be at least. */
const least = { validations: 100 * seconds, endings: 5 * seconds }

/** Random commands to random processes for so long; what was accepted after an ending had returned, and how late. */
const play = Effect.fnUntraced(function*(children: ReadonlyArray<ChildProcess>, until: number) {
  const sessions: Array<Known> = []
  const late: Array<number> = []
  let validations = 0
  let endings = 0

  const end = (ended: ReadonlyArray<Known>) => {
    const now = performance.now()
    for (const known of ended) known.endedAt ??= now
    endings += ended.length
  }

  const step = Effect.gen(function*() {
    const child = yield* any(children)
    const chance = yield* Random.next
    const recent = sessions.slice(-24)
    if (recent.length === 0 || chance < 0.12) {
      const userId = yield* any(users)
      const { value } = yield* tell(child, { op: "create", userId })
      const created = value as { sessionId: string; token: string; evicted: ReadonlyArray<string> }
      sessions.push({ sessionId: created.sessionId, userId, tokens: [created.token], endedAt: undefined })
      end(sessions.filter(({ sessionId }) => created.evicted.includes(sessionId)))
      return
    }
    const known = yield* any(recent)
    if (chance < 0.16) {
      yield* tell(child, { op: "revoke", sessionId: known.sessionId })
      return end([known])
    }
    if (chance < 0.18) {
      const before = sessions.filter(({ userId }) => userId === known.userId)
      yield* tell(child, { op: "revokeAll", userId: known.userId })
      return end(before)
    }
    if (chance < 0.19) return yield* tell(child, { op: "sweep" })
    const token = yield* any(known.tokens)
    if (chance < 0.26) {
      const { value } = yield* tell(child, { op: "rotate", token })
      if (typeof value === "string") known.tokens.push(value)
      return
    }
    const startedAt = performance.now()
    const endedAt = known.endedAt
    const { value } = yield* tell(child, { op: chance < 0.36 ? "touch" : "validate", token })
    validations++
    if (value !== undefined && endedAt !== undefined) late.push(startedAt - endedAt)
  })
  const player = Effect.whileLoop({
    while: () => performance.now() < until || validations <= least.validations || endings <= least.endings,
    body: () => step,
    step: () => {}
  })
  yield* Effect.all(Array.from({ length: 24 }, () => player), { concurrency: "unbounded", discard: true })
  return { late, validations, endings }
})

const playFor = (front: boolean) =>
  Effect.gen(function*() {
    const databaseUrl = yield* freshDatabase
    yield* Effect.forEach(users, (id) => UserRepo.use((repo) => repo.put(User.make({ id: UserId.make(id) })))).pipe(
      Effect.provide(UserRepoPostgres.layer.pipe(
        Layer.provideMerge(Migrations.layer()),
        Layer.provide(Database.layer({ url: databaseUrl }))
      ))
    )
    const settings = {
      databaseUrl: Redacted.value(databaseUrl),
      redisUrl: redisUrl!,
      prefix: yield* freshRedisPrefix,
      front
    }
    const children = yield* Effect.forEach([1, 2, 3], () => start(settings), { concurrency: 3 })
    return yield* play(children, performance.now() + seconds * 1000)
  }).pipe(Effect.scoped)

const timeout = 60_000 + seconds * 1000

describeRedis("V11 revoked stays revoked", () => {
  it.live("V11 through Redis: nothing is accepted once an ending has returned", () =>
    Effect.gen(function*() {
      const { endings, late, validations } = yield* playFor(false)
      assert.isAbove(validations, least.validations)
      assert.isAbove(endings, least.endings)
      assert.deepStrictEqual(late, [])
    }), timeout)

  it.live("V11 with front caches: another process may lag, by milliseconds", () =>
    Effect.gen(function*() {
      const { endings, late, validations } = yield* playFor(true)
      assert.isAbove(validations, least.validations)
      assert.isAbove(endings, least.endings)
      assert.deepStrictEqual(late.filter((millis) => millis > 250), [])
    }), timeout)
})

import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { EventLog, EventLogError } from "@sojourn/core"
import { Effect, FileSystem, Layer } from "effect"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { idleCli, makeCli, memory } from "./inProcess.ts"
import { signedIn } from "./signedIn.ts"

/** A place for a file, in a directory that goes when the scope closes. */
const freshFile = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped({ prefix: "sojourn-cli-" })).pipe(
  Effect.map((directory) => join(directory, "audit.ndjson")),
  Effect.provide(NodeServices.layer)
)

it.effect("events export: the log itself, in JSON with or without --json; how much, on standard error", () =>
  Effect.gen(function*() {
    const { cli } = yield* signedIn({ alice: 6, bob: 3 })
    const log = (yield* cli(["events", "--json"])).stdout
    const exported = yield* cli(["events", "export"])
    assert.deepStrictEqual([exported.exitCode, exported.stdout, exported.stderr], [0, log, ""])
    assert.match(exported.progress, /^11 exported[^\n]*\n$/)
    assert.strictEqual((yield* cli(["events", "export", "--json", "--output", "-"])).stdout, log)
  }))

it.effect("events export --output: the same in a file, over many pages, which only its owner may read", () =>
  Effect.gen(function*() {
    const file = yield* freshFile
    const cli = yield* makeCli()
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(260))
    const { exitCode, progress, stdout } = yield* cli(["events", "export", "-o", file])
    assert.deepStrictEqual([exitCode, stdout], [0, ""])
    assert.include(progress, `518 exported to ${file}`)
    assert.strictEqual(readFileSync(file, "utf8"), `${(yield* cli(["events", "--json"])).stdout}\n`)
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    assert.deepStrictEqual(readdirSync(dirname(file)), [basename(file)])
  }))

it.effect("events export: only what is meant, by position, user, session and time", () =>
  Effect.gen(function*() {
    const { bob, cli } = yield* signedIn({ alice: 3, bob: 2 })
    const positions = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
      const { stdout } = yield* cli(["events", "export", ...args])
      return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).position)
    })
    assert.deepStrictEqual(yield* positions("--after", "3"), [4, 5])
    assert.deepStrictEqual(yield* positions("--user", "alice"), [1, 2, 3])
    assert.deepStrictEqual(yield* positions("--session", bob[1]!.sessionId), [5])
    // A second apart, from noon on.
    assert.deepStrictEqual(yield* positions("--since", "2026-11-01T12:00:01Z"), [2, 3, 4, 5])
    assert.deepStrictEqual(yield* positions("--until", "2026-11-01T13:00:02+01:00"), [1, 2])
    assert.deepStrictEqual(yield* positions("--since", "2026-11-01", "--until", "2026-11-02"), [1, 2, 3, 4, 5])
    assert.deepStrictEqual(yield* positions("--until", "2026-11-01"), [])
  }))

it.effect("events export --output: a file that is there keeps its mode, and a link leads to it", () =>
  Effect.gen(function*() {
    const file = yield* freshFile
    const link = `${file}.link`
    writeFileSync(file, "before")
    chmodSync(file, 0o664)
    symlinkSync(file, link)
    const { cli } = yield* signedIn({ alice: 1, bob: 0 })
    yield* cli(["events", "export", "--output", link])
    assert.match(readFileSync(file, "utf8"), /^\{"position":1,.*\}\n$/)
    assert.strictEqual(statSync(file).mode & 0o777, 0o664)
  }))

/** A log that goes away after its first page. */
const leaving = Layer.effect(
  EventLog,
  Effect.map(EventLog, (log) => ({
    ...log,
    read: (query) =>
      query.after === 0 ? log.read(query) : Effect.fail(
        new EventLogError({ operation: "read", reason: "Unavailable", message: "It went away", cause: "test" })
      )
  }))
).pipe(Layer.provideMerge(memory))

it.effect("events export --output: written completely or not at all", () =>
  Effect.gen(function*() {
    const file = yield* freshFile
    const cli = yield* makeCli(leaving)
    yield* cli(["users", "put", "alice"])
    yield* cli(["create", "--from", "-"], "{\"userId\":\"alice\"}\n".repeat(260))
    const failed = yield* cli(["events", "export", "--output", file])
    assert.deepStrictEqual([failed.exitCode, failed.stderr], [1, "sojourn: It went away"])
    assert.isFalse(existsSync(file))
    writeFileSync(file, "before")
    yield* cli(["events", "export", "--output", file])
    assert.strictEqual(readFileSync(file, "utf8"), "before")
    assert.deepStrictEqual(readdirSync(dirname(file)), [basename(file)])
  }))

it.effect("events export --output: what cannot be a file fails before anything is started", () =>
  Effect.gen(function*() {
    const file = yield* freshFile
    mkdirSync(file)
    for (
      const [output, told] of [
        [file, "is there and no file"],
        ["/dev/null", "is there and no file"],
        [join(file, "none", "x"), "is not there or may not be written"]
      ] as const
    ) {
      const { exitCode, stderr, stdout } = yield* idleCli()(["events", "export", "--output", output])
      assert.deepStrictEqual([exitCode, stdout], [1, ""])
      assert.include(stderr, told)
    }
  }))

import { assert, describe, it } from "@effect/vitest"
import { LocationEnricherMaxmind } from "@sojourn/enrich"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { execFile } from "node:child_process"
import { rmSync, utimesSync, writeFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { databasePath, logged, place, replace } from "./locations.ts"
import * as MmdbWriter from "./MmdbWriter.ts"

const address = "81.2.69.142"
const country = (country_code: string) => MmdbWriter.write({ "81.0.0.0/8": { country_code } })

/** The records, which begin after a search tree of 8 nodes and its separator, are overwritten. */
const damaged = () => {
  const content = MmdbWriter.write({ "81.0.0.0/8": { country_code: "GB" } }, { ipVersion: 4 })
  return content.fill(0xff, 8 * 6 + 16, content.indexOf("MaxMind.com") - 3)
}

describe("the file", () => {
  it.effect("L4 missing: none, one warning, and it is used once it is there", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        for (const _ of Array(20).keys()) {
          assert.isNull(yield* place(address))
          yield* TestClock.adjust("5 seconds")
        }
        assert.lengthOf(lines, 1)
        assert.match(lines[0]!, /^Warn .*places\.mmdb: there is no such file/)
        yield* replace(database, country("GB"))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "GB")
      }).pipe(Effect.provide(Layer.provideMerge(LocationEnricherMaxmind.layer({ database }), layer)))
      assert.lengthOf(lines, 1)
    }))

  it.effect("L4 missing: it is said when the application starts", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      const { layer, lines } = logged()
      yield* Effect.provide(Layer.build(LocationEnricherMaxmind.layer({ database })), layer)
      yield* Effect.repeat(Effect.promise(() => setTimeout(10)), { until: () => lines.length > 0, times: 1000 })
      yield* Effect.promise(() => setTimeout(100))
      assert.lengthOf(lines, 1)
    }))

  it.effect.each<readonly [string, Buffer | null]>([
    ["empty", Buffer.alloc(0)],
    ["text", Buffer.from("this is not a database ".repeat(1000))],
    ["zeros", Buffer.alloc(100_000)],
    ["cut at its end", country("GB").subarray(0, -20)],
    ["cut at its beginning", country("GB").subarray(40)],
    ["compressed", Buffer.concat([Buffer.from([0x1f, 0x8b]), country("GB")])],
    ["a directory", null]
  ])("L4 unreadable (%s): none and one warning", ([, content]) =>
    Effect.gen(function*() {
      const path = yield* databasePath
      const database = content === null ? path.replace(/\/[^/]*$/, "") : path
      if (content !== null) yield* replace(database, content)
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        for (const _ of Array(10).keys()) {
          assert.isNull(yield* place(address))
          yield* TestClock.adjust("10 seconds")
        }
      }).pipe(Effect.provide(Layer.provideMerge(LocationEnricherMaxmind.layer({ database }), layer)))
      assert.lengthOf(lines, 1)
      assert.match(lines[0]!, /^Warn Cannot read the location database/)
    }))

  it.effect("L11 is read once, and again when it has been replaced", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      yield* replace(database, country("GB"))
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* place(address), "GB")
        yield* replace(database, country("FR"))
        assert.strictEqual(yield* place(address), "GB")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "FR")

        utimesSync(database, 1_750_000_000, 1_750_000_000)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "FR")

        // Overwritten in place, with nothing that tells: it is not read at every lookup.
        writeFileSync(database, country("DE"))
        utimesSync(database, 1_750_000_000, 1_750_000_000)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "FR")

        utimesSync(database, 1_750_000_001, 1_750_000_001)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "DE")
      }).pipe(Effect.provide(LocationEnricherMaxmind.layer({ database })))
    }))

  it.effect("L11 goes on with the one before when the new one is broken or gone, with a warning each", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      yield* replace(database, country("GB"))
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* place(address), "GB")
        yield* replace(database, Buffer.from("half a down"))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "GB")
        rmSync(database)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "GB")
        assert.lengthOf(lines, 2)
        for (const line of lines) assert.match(line, /The one read before stays in use$/)
        yield* replace(database, country("FR"))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* place(address), "FR")
      }).pipe(Effect.provide(Layer.provideMerge(LocationEnricherMaxmind.layer({ database }), layer)))
      assert.lengthOf(lines, 2)
    }))

  it.effect("L11 many lookups at once wait for the first reading", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      yield* replace(database, country("GB"))
      const names = yield* Effect.forEach(Array.from({ length: 100 }), () => place(address), {
        concurrency: "unbounded"
      }).pipe(Effect.provide(LocationEnricherMaxmind.layer({ database })))
      assert.deepStrictEqual(names, Array(100).fill("GB"))
    }))

  it.effect("L13 a failing lookup: none, and a warning without the address", () =>
    Effect.gen(function*() {
      const database = yield* databasePath
      yield* replace(database, damaged())
      const { layer, lines } = logged()
      yield* Effect.gen(function*() {
        for (const ipAddress of [address, "81.1.1.1", "81.200.1.7"]) assert.isNull(yield* place(ipAddress))
      }).pipe(Effect.provide(Layer.provideMerge(LocationEnricherMaxmind.layer({ database }), layer)))
      assert.lengthOf(lines, 1)
      assert.match(lines[0]!, /^Warn The location database .*places\.mmdb is damaged/)
      for (const ipAddress of ["81.2.69", "81.1.1", "81.200.1"]) assert.notInclude(lines[0]!, ipAddress)
    }))

  it.effect(
    "L11 nothing is held open: a lookup under a scope that stays open lets the process end",
    () =>
      Effect.gen(function*() {
        const database = yield* databasePath
        yield* replace(database, country("GB"))
        const script = `
        import { LocationEnricher } from "@sojourn/core"
        import { LocationEnricherMaxmind } from "@sojourn/enrich"
        import { Context, Effect, Layer, Option, Scope } from "effect"
        const layer = LocationEnricherMaxmind.layer({ database: ${JSON.stringify(database)} })
        const services = await Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe()))
        const found = await Effect.runPromise(Context.get(services, LocationEnricher).enrich("${address}"))
        console.log(Option.getOrThrow(found).name)`
        const output = yield* Effect.callback<string, Error>((resume) => {
          execFile(
            process.execPath,
            ["--input-type=module", "--eval", script],
            { cwd: import.meta.dirname, timeout: 20_000 },
            (error, stdout) => resume(error === null ? Effect.succeed(stdout) : Effect.fail(error))
          )
        })
        assert.strictEqual(output.trim(), "GB")
      }),
    30_000
  )
})

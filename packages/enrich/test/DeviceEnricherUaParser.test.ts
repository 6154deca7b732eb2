import { assert, describe, it } from "@effect/vitest"
import { type ClientHints, DeviceEnricher } from "@sojourn/core"
import { DeviceEnricherUaParser } from "@sojourn/enrich"
import { Effect, Option } from "effect"
import { apps, browsers, type Example, otherKinds, partly, programs, unknown } from "./userAgents.ts"

const enrich = (userAgent: string, hints: ClientHints = {}) =>
  DeviceEnricher.use((enricher) => enricher.enrich(userAgent, hints))

const told = ([name, kind, browserVersion, systemVersion, userAgent]: Example) =>
  Effect.map(enrich(userAgent), (found) => {
    const device = Option.getOrThrow(found)
    assert.deepStrictEqual([
      device.name,
      device.kind,
      Option.getOrNull(device.browserVersion),
      Option.getOrNull(device.systemVersion)
    ], [name, kind, browserVersion, systemVersion])
  })

/** The forms that are told from a single pattern each. */
const frozen = (version: string) => [
  ...["Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "Linux; Android 10; K"]
    .flatMap(
      (system) =>
        ["Safari/537.36", "Mobile Safari/537.36", `Safari/537.36 Edg/${version}`].map((end) =>
          `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} ${end}`
        )
    ),
  ...["Windows NT 10.0; Win64; x64", "X11; Linux x86_64"].map((system) =>
    `Mozilla/5.0 (${system}; rv:${version}) Gecko/20100101 Firefox/${version}`
  )
]

describe("devices", () => {
  it.layer(DeviceEnricherUaParser.layer())((it) => {
    it.effect.each(browsers)("U1 %s (%s, %s, %s): %s", told)
    it.effect.each(apps)("U1 in an application: %s (%s, %s, %s): %s", told)
    it.effect.each(otherKinds)("U1 %s (%s, %s, %s): %s", told)
    it.effect.each(partly)("U1 what alone is known: %s (%s, %s, %s): %s", told)
    it.effect.each(programs)("U2 %s (%s, %s, %s): %s", told)

    it.effect.each(unknown)(
      "U1 nothing known of %j: none",
      (userAgent) => Effect.map(enrich(userAgent), (device) => assert.isTrue(Option.isNone(device)))
    )

    it.effect("U1 browser and system have fields of their own", () =>
      Effect.map(enrich(browsers[0]![4]), (device) => {
        const { browser, system } = Option.getOrThrow(device)
        assert.deepStrictEqual([browser, system], [Option.some("Chrome"), Option.some("macOS")])
      }))

    it.effect("U2 a bot's borrowed system is not shown", () =>
      Effect.map(enrich(programs.find(([, , , , userAgent]) => userAgent.includes("Nexus 5X"))![4]), (device) => {
        const { browser, system } = Option.getOrThrow(device)
        assert.deepStrictEqual([browser, system], [Option.some("Googlebot"), Option.none()])
      }))

    it.effect("U2 a tool's system is shown", () =>
      Effect.map(enrich("curl/7.81.0 (x86_64-pc-linux-gnu) libcurl/7.81.0"), (device) => {
        const { name, system } = Option.getOrThrow(device)
        assert.deepStrictEqual([name, system], ["curl", Option.some("Linux")])
      }))

    it.effect.each(["99.0", "115.0.0.0", "148.0.0.0", "2345.0.6478.134", "."].flatMap(frozen))(
      "U1 a frozen form is told as by all the library's patterns, which any other word calls for: %s",
      (userAgent) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* enrich(userAgent), yield* enrich(`${userAgent} -`))
        })
    )

    it.effect("U1 the same question has the same answer", () =>
      Effect.gen(function*() {
        for (const [, , , , userAgent] of [...browsers, ...programs]) {
          assert.deepStrictEqual(yield* enrich(userAgent), yield* enrich(userAgent))
        }
      }))
  })
})

describe("the cache", () => {
  const safari = browsers.find(([name]) => name === "Safari on iOS")![4]

  it.effect.each([0, 1, 2])("U1 of %i entries answers right", (cacheSize) =>
    Effect.gen(function*() {
      for (let round = 0; round < 3; round++) for (const example of browsers) yield* told(example)
    }).pipe(Effect.provide(DeviceEnricherUaParser.layer({ cacheSize }))))

  it.effect("U1 keeps user agents apart from hints, whatever they hold", () =>
    Effect.gen(function*() {
      const hints = { "sec-ch-ua": `"Google Chrome";v="126"` }
      const chrome = yield* enrich("", hints)
      const forged = yield* enrich(`0:sec-ch-ua${hints["sec-ch-ua"].length}:${hints["sec-ch-ua"]}`)
      assert.isTrue(Option.isSome(chrome))
      assert.isTrue(Option.isNone(forged))
      assert.isTrue(Option.isNone(yield* enrich("")))
      assert.notDeepEqual(yield* enrich(safari, hints), yield* enrich(safari))
      const linux = browsers.find(([name]) => name === "Chrome on Linux")![4]
      const desktop = yield* enrich(`${linux}sec-ch-ua-mobile2:?1`)
      const mobile = yield* enrich(linux, { "sec-ch-ua-mobile": "?1" })
      assert.deepStrictEqual([desktop, mobile].map((each) => Option.getOrThrow(each).kind), ["desktop", "mobile"])
    }).pipe(Effect.provide(DeviceEnricherUaParser.layer())))
})

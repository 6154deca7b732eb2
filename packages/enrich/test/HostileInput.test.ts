import { assert, describe, it } from "@effect/vitest"
import { type ClientHints, Device, DeviceEnricher } from "@sojourn/core"
import { DeviceEnricherUaParser } from "@sojourn/enrich"
import { Effect, Option, Schema } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { browsers, programs } from "./userAgents.ts"

const megabyte = 1_000_000
const names = [
  "sec-ch-ua",
  "sec-ch-ua-full-version-list",
  "sec-ch-ua-form-factors",
  "sec-ch-ua-mobile",
  "sec-ch-ua-model",
  "sec-ch-ua-platform",
  "sec-ch-ua-platform-version"
]
const everyHint = (value: string): ClientHints => Object.fromEntries(names.map((name) => [name, value]))

const enrich = (userAgent: string, hints: ClientHints = {}) =>
  DeviceEnricher.use((enricher) => enricher.enrich(userAgent, hints))

const fill = (pattern: string) => pattern.repeat(Math.ceil(megabyte / pattern.length))

const hostile: ReadonlyArray<readonly [string, string, ClientHints]> = [
  ["one letter", fill("a"), {}],
  ["spaces", fill(" "), {}],
  ["digits and dots", fill("1."), {}],
  ["real ones in a row", fill(browsers[0]![4]), {}],
  ["control characters", fill("\u0000\u001b[2J\r\n"), {}],
  ["halves of surrogate pairs", fill("\ud800"), {}],
  ["combining characters", fill("e\u0301\u0302"), {}],
  ["right-to-left marks and emoji", fill("\u202e👩‍👩‍👧"), {}],
  ["a pattern of the fourth degree: Naver", `${"naver(".repeat(20)}${fill("1.")}`, {}],
  ["a pattern of the fourth degree: Naver, capital", `${"NAVER(".repeat(20)}${fill("1.")}`, {}],
  ["a pattern of the fourth degree: Archos", `archos ${fill("1")}`, {}],
  ["a pattern of the fourth degree, hidden by its removal", `${"ararchoschos ".repeat(3)}${fill("1")}`, {}],
  ["a pattern of the third degree: HbbTV", `${"hbbtv".repeat(30)}${fill("technisat ")}`, {}],
  ["a pattern of the third degree: Mozilla", `${"mozilla/0  ".repeat(15)}${fill("rv: gecko/0")}`, {}],
  ["a pattern of the third degree: Android", fill("droid u; i buil"), {}],
  ["patterns of the second degree: Android", fill("droid.; "), {}],
  ["patterns of the second degree: Trident", fill("tridentrv:1 "), {}],
  ["bots without end", fill("abot-"), {}],
  ["a bot's long name", `Google-${fill("x")}`, {}],
  ["a tool's long name", fill("curl-"), {}],
  ["a compatible without end", fill("compatible; a a +http://"), {}],
  ["hints: quotes", browsers[1]![4], everyHint(fill(`"`))],
  ["hints: backslashes", browsers[1]![4], everyHint(`"${fill("\\")}`)],
  ["hints: brands", browsers[1]![4], everyHint(fill(`"a";v="1", `))],
  ["hints: open strings", browsers[1]![4], everyHint(fill(`"\\"`))],
  ["hints: versions", browsers[1]![4], everyHint(`"Chrome";v="${fill("1.0")}`)],
  ["hints: names that every object has", browsers[4]![4], everyHint(`"constructor", "__proto__", "toString"`)],
  ["hints: a name that every object has", browsers[4]![4], everyHint(`"constructor"`)],
  ["hints: zeros", browsers[1]![4], everyHint(`"1${fill(".0")}"`)],
  ["hints: a model that is a pattern", browsers[4]![4], everyHint(`"$& $1 $\` archos 1111111111111111111111111111"`)]
]

const milliseconds = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, () => performance.now() - start)
  })

/** The shortest of several times, each with an input that was not seen before. */
const bestTime = (userAgent: string, hints: ClientHints) =>
  Effect.forEach([1, 2, 3, 4, 5, 6], (attempt) => {
    const unseen = `${userAgent.slice(0, 480)}${attempt}${userAgent}`
    // To read it puts it together: until then it is two pieces, and to copy a megabyte takes longer than all the rest.
    unseen.charCodeAt(0)
    return milliseconds(enrich(unseen, hints))
  }).pipe(Effect.map((times) => Math.min(...times)))

describe("hostile input", () => {
  it.layer(DeviceEnricherUaParser.layer())((it) => {
    it.effect.each(hostile)("U3 costs under 5 ms: %s", ([, userAgent, hints]) =>
      Effect.gen(function*() {
        for (const [, , , , known] of browsers) yield* enrich(known)
        assert.isBelow(yield* bestTime(userAgent, hints), 5)
      }))

    it.effect.each(hostile)(
      "U3 gives a valid device or none: %s",
      ([, userAgent, hints]) =>
        Effect.map(enrich(userAgent, hints), (device) => assert.isTrue(Option.isNone(device) || isValid(device.value)))
    )

    it.effect("U3 is not kept in memory, neither by the cache nor by devices", () =>
      Effect.gen(function*() {
        const devices: Array<Option.Option<Device>> = []
        const before = memory()
        for (const attempt of Array(400).keys()) {
          const version = `1${attempt}.0.6478.127`
          const chrome = `Mozilla/5.0 (Windows NT 10.0) Chrome/${version} Safari/537.36`
          devices.push(yield* enrich(Buffer.from(chrome + " ".repeat(megabyte)).toString()))
          const list = Buffer.from(`"Chromium";v="${version}"${" ".repeat(megabyte)}`).toString()
          devices.push(yield* enrich("", { "sec-ch-ua-full-version-list": list }))
        }
        assert.isBelow(memory() - before, 200 * megabyte)
        assert.isTrue(devices.every(Option.isSome))
      }), 30_000)

    it.effect("C25 what a person will read has no control characters", () =>
      Effect.gen(function*() {
        const userAgent =
          "Mozilla/5.0 (Windows\u001b[31m NT\u0007 10.0; Win64)\r\n Chrome/12\u00006.0.\u009b1m0.0 Safari/537.36"
        const device = Option.getOrThrow(yield* enrich(userAgent, { "sec-ch-ua": `"Br\u001bave";v="1\u0000.2"` }))
        assert.notMatch(JSON.stringify(device), /\p{Cc}|\\u00|\\[rnt]/u)
        const bot = Option.getOrThrow(yield* enrich("Evil\u001bbot/1.0\r\n"))
        assert.notMatch(JSON.stringify(bot), /\p{Cc}|\\u00|\\[rnt]/u)
      }))

    const pieces = [...browsers, ...programs].flatMap(([, , , , userAgent]) => userAgent.split(" ")).concat(
      ["naver(", "archos ", "bot", "(", ")", ";", "+http://", "compatible; ", "\u0000", "\ud83d", "\u202e", " ", "1."]
    )
    const hintPieces = [
      `"`,
      `\\`,
      `;v="`,
      ",",
      "Chromium",
      "Google Chrome",
      "Not A Brand",
      "?1",
      "?0",
      "\u0000",
      "99",
      "."
    ]

    it.effect.prop("C25 any text and any hints give a valid device or none", {
      text: Schema.String,
      hint: Schema.String,
      userAgent: Schema.Array(Schema.Literals(pieces)),
      hints: Schema.Array(Schema.Array(Schema.Literals(hintPieces)))
    }, ({ hint, hints, text, userAgent }) =>
      Effect.gen(function*() {
        const given = Object.fromEntries(names.map((name, at) => [name, hints[at]?.join("") ?? hint]))
        for (const each of [text, userAgent.join(" "), userAgent.join(""), text + userAgent.join(text)]) {
          for (const device of [yield* enrich(each), yield* enrich(each, given)]) {
            assert.isTrue(Option.isNone(device) || isValid(device.value), JSON.stringify({ each, given }))
          }
        }
      }), { arbitrary: { runs: 500 } })
  })
})

const isValid = (device: Device): boolean =>
  Option.isSome(Schema.decodeOption(Schema.toType(Device))(device)) &&
  !/^(?:other|unknown)|on (?:other|unknown)$/i.test(device.name)

/** What is in use after all else has been collected. */
const memory = (): number => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}

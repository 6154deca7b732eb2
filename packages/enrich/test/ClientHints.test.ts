import { assert, describe, it } from "@effect/vitest"
import { type ClientHints, DeviceEnricher } from "@sojourn/core"
import { DeviceEnricherUaParser } from "@sojourn/enrich"
import { Effect, Option } from "effect"

const chromium = (platform: string, mobile = false) =>
  `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 ${
    mobile ? "Mobile " : ""
  }Safari/537.36`
const windows = chromium("Windows NT 10.0; Win64; x64")
const mac = chromium("Macintosh; Intel Mac OS X 10_15_7")
const linux = chromium("X11; Linux x86_64")
const phone = chromium("Linux; Android 10; K", true)
const tablet = chromium("Linux; Android 10; K")

const brands = (...names: ReadonlyArray<string>) => names.map((name) => `"${name}";v="126"`).join(", ")
const chrome = brands("Not/A)Brand", "Chromium", "Google Chrome")

/** Name, kind, browser version, system version. */
type Expected = readonly [string, string, string | null, string | null]

const told = (userAgent: string, hints: ClientHints) =>
  DeviceEnricher.use((enricher) => enricher.enrich(userAgent, hints)).pipe(
    Effect.map(Option.map((device): Expected => [
      device.name,
      device.kind,
      Option.getOrNull(device.browserVersion),
      Option.getOrNull(device.systemVersion)
    ])),
    Effect.map(Option.getOrNull)
  )

const cases: ReadonlyArray<readonly [string, string, ClientHints, Expected]> = [
  [
    "Windows 11, and the version that the user agent hides",
    windows,
    {
      "sec-ch-ua": chrome,
      "sec-ch-ua-full-version-list":
        `"Not/A)Brand";v="8.0.0.0", "Chromium";v="126.0.6478.127", "Google Chrome";v="126.0.6478.127"`,
      "sec-ch-ua-mobile": "?0",
      "sec-ch-ua-platform": `"Windows"`,
      "sec-ch-ua-platform-version": `"15.0.0"`
    },
    ["Chrome on Windows", "desktop", "126.0.6478.127", "11"]
  ],
  [
    "Windows 11 from 13 on",
    windows,
    { "sec-ch-ua-platform": `"Windows"`, "sec-ch-ua-platform-version": `"13.0.0"` },
    ["Chrome on Windows", "desktop", "126.0.0.0", "11"]
  ],
  [
    "Windows 10 below 13",
    windows,
    { "sec-ch-ua-platform": `"Windows"`, "sec-ch-ua-platform-version": `"10.0.0"` },
    ["Chrome on Windows", "desktop", "126.0.0.0", "10"]
  ],
  [
    "Windows 8.1",
    windows,
    { "sec-ch-ua-platform": `"Windows"`, "sec-ch-ua-platform-version": `"0.3.0"` },
    ["Chrome on Windows", "desktop", "126.0.0.0", "8.1"]
  ],
  [
    "the real version of macOS",
    mac,
    { "sec-ch-ua": chrome, "sec-ch-ua-platform": `"macOS"`, "sec-ch-ua-platform-version": `"14.5.0"` },
    ["Chrome on macOS", "desktop", "126", "14.5"]
  ],
  [
    "a brand that the user agent hides, after an invented one",
    windows,
    { "sec-ch-ua": brands("Not A;Brand", "Chromium", "Brave") },
    ["Brave on Windows", "desktop", "126", "10"]
  ],
  [
    "an invented brand with quotes and a backslash",
    windows,
    { "sec-ch-ua": `"\\\\Not\\"A;Brand";v="99", "Microsoft Edge";v="126", "Chromium";v="126"` },
    ["Edge on Windows", "desktop", "126", "10"]
  ],
  [
    "no brand but the engine, where the user agent knows better",
    `${windows} OPR/111.0.0.0`,
    { "sec-ch-ua": brands("Chromium", "Not.A/Brand") },
    ["Opera on Windows", "desktop", "111.0.0.0", "10"]
  ],
  [
    "a phone's model and system",
    phone,
    {
      "sec-ch-ua": chrome,
      "sec-ch-ua-mobile": "?1",
      "sec-ch-ua-model": `"Pixel 8"`,
      "sec-ch-ua-platform": `"Android"`,
      "sec-ch-ua-platform-version": `"14.0.0"`
    },
    ["Chrome on Android", "mobile", "126", "14"]
  ],
  [
    "a tablet's model",
    phone,
    { "sec-ch-ua-mobile": "?1", "sec-ch-ua-model": `"SM-X710"`, "sec-ch-ua-platform": `"Android"` },
    ["Chrome on Android", "tablet", "126.0.0.0", "10"]
  ],
  [
    "a headset's model",
    tablet,
    { "sec-ch-ua-mobile": "?0", "sec-ch-ua-model": `"Quest 3"`, "sec-ch-ua-platform": `"Android"` },
    ["Chrome on Android", "xr", "126.0.0.0", "10"]
  ],
  [
    "the form factor",
    tablet,
    { "sec-ch-ua-form-factors": `"XR"`, "sec-ch-ua-platform": `"Android"` },
    ["Chrome on Android", "xr", "126.0.0.0", "10"]
  ],
  [
    "Chrome OS by its other names",
    linux,
    { "sec-ch-ua-platform": `"Chrome OS"`, "sec-ch-ua-platform-version": `"15662.88.0"` },
    ["Chrome on ChromeOS", "desktop", "126.0.0.0", "15662.88"]
  ],
  [
    "Linux, where the user agent names the distribution",
    chromium("X11; Ubuntu; Linux x86_64"),
    { "sec-ch-ua-platform": `"Linux"`, "sec-ch-ua-platform-version": `""` },
    ["Chrome on Ubuntu", "desktop", "126.0.0.0", null]
  ],
  [
    "hints without a user agent",
    "",
    { "sec-ch-ua": chrome, "sec-ch-ua-mobile": "?1", "sec-ch-ua-platform": `"Android"` },
    ["Chrome on Android", "mobile", "126", null]
  ],
  [
    "a headless browser that poses as another",
    windows,
    { "sec-ch-ua": brands("Chromium", "HeadlessChrome", "Not?A_Brand") },
    ["Headless Chrome", "tool", "126", "10"]
  ],
  [
    "nothing: empty, unknown and malformed hints",
    windows,
    {
      "sec-ch-ua": `"unterminated;v=1, ?`,
      "sec-ch-ua-full-version-list": `;;;,,,`,
      "sec-ch-ua-mobile": "maybe",
      "sec-ch-ua-model": `""`,
      "sec-ch-ua-platform": `"Unknown"`,
      "sec-ch-ua-platform-version": `"<script>"`,
      "x-other": "1"
    },
    ["Chrome on Windows", "desktop", "126.0.0.0", "10"]
  ],
  [
    "no brand that could deceive a reader",
    windows,
    { "sec-ch-ua": `"Chrome on macOS, approved";v="1", "\u202eemorhC";v="1", "<b>x</b>";v="1"` },
    ["Chrome on Windows", "desktop", "126.0.0.0", "10"]
  ]
]

describe("client hints", () => {
  it.layer(DeviceEnricherUaParser.layer())((it) => {
    it.effect.each(cases)(
      "U1 tell %s",
      ([, userAgent, hints, expected]) =>
        Effect.map(told(userAgent, hints), (device) => assert.deepStrictEqual(device, expected))
    )

    it.effect("U1 count only when given: nothing known, none", () =>
      Effect.gen(function*() {
        assert.isNull(yield* told("", {}))
        assert.isNull(yield* told("", { "sec-ch-ua": `"Not/A)Brand";v="8"`, "sec-ch-ua-mobile": "?1" }))
      }))
  })
})

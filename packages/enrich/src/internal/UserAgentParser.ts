/** What ua-parser-js reads from a user agent, with products that its 1.x line does not know and bounds that it lacks. */
import UAParser from "ua-parser-js"

/** Either may be missing. */
export interface Named {
  readonly name: string | undefined
  readonly version: string | undefined
}

/** Neither is known. */
export const nothing: Named = { name: undefined, version: undefined }

/** As the library gives it; any part may be missing. */
export interface Parsed {
  readonly browser: Named
  readonly system: Named
  readonly device: {
    readonly type: string | undefined
    readonly vendor: string | undefined
    readonly model: string | undefined
  }
}

const named = (name: string) => ["version", ["name", name]]

const windows = String.raw`Windows NT 10\.0; Win64; x64`
const mac = String.raw`Macintosh; Intel Mac OS X 10_15_7`
const linux = "X11; Linux x86_64"
const android = "Linux; Android 10; K"
const chrome = String.raw`AppleWebKit/537\.36 \(KHTML, like Gecko\) Chrome/([\d.]+)`
const firefox = String.raw`Gecko/20100101 Firefox/([\d.]+)`

/** A whole user agent. */
const whole = (system: string, browser: string) => new RegExp(String.raw`^Mozilla/5\.0 \((?:${system})\) ${browser}$`)

/**
 * The forms to which browsers have frozen their user agents: but for versions, they tell nothing any more. To find that out
 * the library tries up to 200 patterns, more than half of what most user agents would cost.
 */
const frozen = {
  chrome: whole(`${windows}|${mac}|${linux}|${android}`, String.raw`${chrome}(?: Mobile)? Safari/537\.36`),
  /** No device is told. */
  desktop: [
    whole(`${windows}|${linux}`, String.raw`${chrome} Safari/537\.36(?: Edg/[\d.]+)?`),
    whole(String.raw`(?:${windows}|${linux}); rv:[\d.]+`, firefox)
  ],
  phone: whole(android, String.raw`${chrome} Mobile Safari/537\.36`),
  tablet: whole(android, String.raw`${chrome} Safari/537\.36`)
}

/** Read before the library's own patterns. */
const extensions = {
  browser: [
    [frozen.chrome],
    named("Chrome"),
    [/\bbarcelona (\d[\d.]*)/i],
    named("Threads"),
    [/\[pinterest\/(?:ios|android)\]()/i],
    named("Pinterest"),
    [/\bfban\/messenger[^\]]*?;fbav\/([\d.]+)/i, /\bfb_iab\/(?:orca|messenger)[^\]]*?;fbav\/([\d.]+)/i],
    named("Messenger"),
    [/\bnaver \(?inapp;[^;)]*;[^;)]*; ?([\d.]+)/i],
    named("Naver"),
    [/\btelegram-android\/([\d.]+)/i],
    named("Telegram"),
    [/\becosia (?:android|ios)@([\d.]+)/i],
    named("Ecosia"),
    [/\bgsa\/([\d.]+)/i],
    named("GSA"),
    [/\bslack(?:_ssb)?\/([\d.]+)/i],
    named("Slack"),
    [/\bdiscord\/([\d.]+)/i],
    named("Discord"),
    [/\bteams\/([\d.]+)/i],
    named("Microsoft Teams"),
    [/\bcode\/([\d.]+).+electron\//i],
    named("Visual Studio Code"),
    [/\bpostman\/([\d.]+).+electron\//i],
    named("Postman"),
    [/\bobsidian\/([\d.]+)/i],
    named("Obsidian")
  ],
  os: [
    [/cfnetwork\/[\d.]+ darwin\/[\d.]+ \(x86_64\)()/i],
    ["version", ["name", "Mac OS"]],
    [/\bappletv\d+,\d+\/([\d.]+)/i, /\bapple tv;[^)]{0,20} cpu os ([\d_]+)/i],
    [["version", /_/g, "."], ["name", "tvOS"]],
    [/[(; ]ios[/ ](\d[\d._]*)/i],
    [["version", /_/g, "."], ["name", "iOS"]]
  ],
  device: [
    frozen.desktop,
    [],
    [frozen.phone],
    [["model", "K"], ["type", "mobile"]],
    [frozen.tablet],
    [["model", "K"], ["type", "tablet"]]
  ]
}

/** The longest user agent that the library reads. */
const maxLength = 500

/**
 * Two of the library's patterns take time that grows with the fourth power of their input, up to 150 ms: those that
 * begin with these words. The others stay under 1 ms at this length.
 */
const explosive = /naver\(|archos/gi

const defused = (word: string): string => word.endsWith("(") ? "naver (" : " "

const parser = new UAParser("", extensions)

/** Reads the first 500 characters. Takes bounded time, whatever they are. */
export const parseUserAgent = (userAgent: string): Parsed => {
  parser.setUA(userAgent.slice(0, maxLength).replace(explosive, defused))
  return { browser: parser.getBrowser(), system: parser.getOS(), device: parser.getDevice() }
}

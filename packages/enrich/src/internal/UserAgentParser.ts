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

/** Read before the library's own patterns. */
const extensions = {
  browser: [
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

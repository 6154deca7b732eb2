/** Programs that are no browser: tools that people write and use, and bots that come by themselves. */

/** A program by its product name, such as `curl` or `Googlebot`. */
export interface Program {
  readonly name: string
  readonly version: string | undefined
  readonly kind: "tool" | "bot"
}

/** Tools, by the product that their user agent begins with, in lower case. */
const tools: ReadonlyMap<string, string> = new Map([
  "aiohttp",
  "Apache-HttpClient",
  "ApacheBench",
  "aria2",
  "aws-cli",
  "axios",
  "Boto3",
  "bruno-runtime",
  "Bun",
  "curl",
  "Dart",
  "Deno",
  "Faraday",
  "git",
  "Go-http-client",
  "got",
  "GuzzleHttp",
  "hey",
  "HTTPie",
  "insomnia",
  "Java",
  "Java-http-client",
  "Jakarta Commons-HttpClient",
  "k6",
  "kubectl",
  "libcurl",
  "libwww-perl",
  "Nikto",
  "node",
  "node-fetch",
  "node-superagent",
  "okhttp",
  "PHP",
  "python-httpx",
  "python-requests",
  "Python-urllib",
  "python-urllib3",
  "Python",
  "rclone",
  "reqwest",
  "rest-client",
  "RestSharp",
  "Ruby",
  "sqlmap",
  "undici",
  "ureq",
  "vegeta",
  "vscode-restclient",
  "Wget",
  "Wget2",
  "xh"
].map((name): [string, string] => [name.toLowerCase(), name])).set("postmanruntime", "Postman")

/** Tools that put their product after others'. */
const laterTool = /(?:^|[\s(;])(?:windows)?(powershell|aiohttp|okhttp|headlesschrome)\/v?(\d[\w.]*)/i

const firstProduct = /^([a-z][\w.-]*(?: commons-httpclient)?)(?:[/ ]v?(\d[\w.+-]*))?(?=$|[\s;,(/])/i

/** Bots whose names do not say so. */
const namedBot = new RegExp(
  "(?<![\\w.@/-])(facebookexternalhit|facebookcatalog|meta-external\\w+|WhatsApp|Yahoo! Slurp|ia_archiver|" +
    "Google-\\w[\\w-]*|GoogleOther[\\w-]*|Mediapartners-Google|APIs-Google|FeedFetcher-Google|Chrome-Lighthouse|" +
    "BingPreview|MicrosoftPreview|SkypeUriPreview|Slack-ImgProxy|ChatGPT-User|Claude-(?:User|Web)|" +
    "Perplexity-User|MistralAI-User|anthropic-ai|cohere-ai|Embedly|Iframely|Qwantify|CensysInspect)" +
    "(?![\\w-])(?:[/ ]v?(\\d[\\w.]*))?",
  "i"
)

/** Bots that say so; `Cubot` makes phones. */
const anyBot =
  /(?<![\w.@/-])((?!cubot)[a-z][\w.]{0,30}?-?(?:bot|crawler|spider)(?:-[a-z]{1,24})?)(?![\w-])(?:[/ ]v?(\d[\w.]*))?/i

/** By convention, programs that come by themselves give a page that explains them. */
const explained = /\+https?:\/\//i
const compatible = /\bcompatible;\s*([a-z][\w .-]{0,38}?\w)(?:\/v?(\d[\w.]*))?\s*[;)]/i

const program = (kind: "tool" | "bot", name: string, version: string | undefined): Program => ({ kind, name, version })

const findTool = (userAgent: string): Program | undefined => {
  const later = laterTool.exec(userAgent)
  if (later !== null) {
    const name = later[1]!.toLowerCase()
    const display = name === "powershell" ? "PowerShell" : name === "headlesschrome" ? "Headless Chrome" : name
    return program("tool", display, later[2])
  }
  const first = firstProduct.exec(userAgent)
  const name = first === null ? undefined : tools.get(first[1]!.toLowerCase())
  return name === undefined ? undefined : program("tool", name, first?.[2])
}

const findBot = (userAgent: string): Program | undefined => {
  const explains = explained.test(userAgent)
  const found = namedBot.exec(userAgent) ?? anyBot.exec(userAgent) ??
    (explains ? compatible.exec(userAgent) ?? firstProduct.exec(userAgent) : null)
  return found === null || /^mozilla$/i.test(found[1]!) ? undefined : program("bot", found[1]!, found[2])
}

/** The tool or bot that the user agent names; undefined for browsers and for what is not known. */
export const findProgram = (userAgent: string): Program | undefined => findTool(userAgent) ?? findBot(userAgent)

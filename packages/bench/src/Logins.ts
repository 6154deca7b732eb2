/** The logins that all sides get: real user agents, public addresses, users in random order. */

const mozilla = "Mozilla/5.0"
const chromium = "AppleWebKit/537.36 (KHTML, like Gecko)"
const webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
const desktops = ["Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64", "X11; Linux x86_64"]
const versions = Array.from({ length: 12 }, (_, at) => 126 + at * 2)

const agents = (version: number, at: number): ReadonlyArray<string> => {
  const chrome = `${chromium} Chrome/${version}.0.0.0`
  const safari = `${webkit} Version/17.${at}`
  return desktops.map((system) => `${mozilla} (${system}) ${chrome} Safari/537.36`).concat(
    desktops.map((system) => `${mozilla} (${system}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`),
    `${mozilla} (Linux; Android 10; K) ${chrome} Mobile Safari/537.36`,
    `${mozilla} (Linux; Android 14; SAMSUNG SM-S921B) ${chromium} SamsungBrowser/${14 + at}.0 ` +
      `Chrome/${version}.0.0.0 Mobile Safari/537.36`,
    `${mozilla} (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36 Edg/${version}.0.0.0`,
    `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${safari} Safari/605.1.15`,
    `${mozilla} (iPhone; CPU iPhone OS 17_${at} like Mac OS X) ${safari} Mobile/15E148 Safari/604.1`,
    `${mozilla} (iPad; CPU OS 17_${at} like Mac OS X) ${safari} Mobile/15E148 Safari/604.1`
  )
}

/** 144: as many as make up most of a site's traffic. */
export const userAgents: ReadonlyArray<string> = versions.flatMap(agents)

/** The nth user. All have ids of the same length, as UUIDs are. */
export const userIdOf = (nth: number): string => `00000000-0000-4000-8000-${nth.toString(16).padStart(12, "0")}`

/** The same in SQL. */
export const userIdSql = (nth: string): string => `'00000000-0000-4000-8000-' || lpad(to_hex(${nth}), 12, '0')`

export interface Login {
  readonly userId: string
  readonly userAgent: string
  readonly ipAddress: string
}

/** Addresses of networks that belong to somebody; none is private or reserved. */
const networks = [
  "8.8",
  "31.13",
  "46.4",
  "62.138",
  "80.67",
  "91.198",
  "104.16",
  "133.11",
  "151.101",
  "185.60",
  "193.99"
]

/** A generator with a seed, so that every side gets the same logins. Of so many users, each so many from the one before. */
export const logins = (users: number, apart = 1): () => Login => {
  let state = 0x2545f491
  // mulberry32
  const below = (bound: number) => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), state | 1)
    const again = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61))
    return ((again ^ (again >>> 14)) >>> 0) % bound
  }
  return () => ({
    userId: userIdOf(apart * below(users)),
    userAgent: userAgents[below(userAgents.length)]!,
    ipAddress: `${networks[below(networks.length)]}.${below(256)}.${1 + below(254)}`
  })
}

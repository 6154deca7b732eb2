/** What the URL of a PostgreSQL server says, and what of it is not understood. */
import { Option, Result } from "effect"

const decode = Option.liftThrowable(decodeURIComponent)

const within = (minimum: number, maximum: number) => (value: string) =>
  Number.isInteger(Number(value)) && Number(value) >= minimum && Number(value) <= maximum

const isMode = (value: string) => ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].includes(value)

const port = ["port", within(1, 65_535), "a number from 1 to 65535"] as const

/** The driver tells of these as of a server that is away, and quotes the value. */
const settings = [
  port,
  ["sslmode", isMode, "disable, allow, prefer, require, verify-ca or verify-full"],
  ["connect_timeout", within(0, Number.MAX_SAFE_INTEGER), "a whole number of seconds"]
] as const

/** Says what is wrong in it; never the value, which may be a part of a password. */
const wrongIn = (url: URL): string | undefined => {
  const encoded = { host: url.hostname, user: url.username, password: url.password, database: url.pathname }
  const undecoded = Object.entries(encoded).find(([, value]) => Option.isNone(decode(value)))
  if (undecoded !== undefined) return `its ${undecoded[0]} has a % with no code behind it; write %25 for a %`
  const given = [
    ...(url.port === "" ? [] : [[port, url.port] as const]),
    ...settings.flatMap((setting) => url.searchParams.getAll(setting[0]).map((value) => [setting, value] as const))
  ]
  const wrong = given.find(([[, isUnderstood], value]) => !isUnderstood(value))
  return wrong && `the value of its ${wrong[0][0]} is not understood; it is ${wrong[0][2]}`
}

/** The URL; or in one line for a person, without the URL or its password, what of it is not understood. */
export const read = (text: string): Result.Result<URL, string> => {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    return Result.fail("The database URL cannot be read; it looks like postgres://user:password@host:5432/database")
  }
  const wrong = wrongIn(url)
  return wrong === undefined ? Result.succeed(url) : Result.fail(`The database URL cannot be used: ${wrong}`)
}

/** What the URL says of the place, apart: the driver's spans tell it from there only. */
export const place = (url: URL) => {
  const host = url.searchParams.get("host") ?? url.hostname.replaceAll(/^\[|\]$/g, "")
  const port = Number(url.searchParams.get("port") ?? url.port)
  const database = url.searchParams.get("dbname") ?? Option.getOrElse(decode(url.pathname.slice(1)), () => "")
  return {
    ...(host === "" ? {} : { host }),
    ...(port > 0 ? { port } : {}),
    ...(database === "" ? {} : { database })
  }
}

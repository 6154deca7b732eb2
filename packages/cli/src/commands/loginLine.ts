/** One login of a file: a line of JSON. */
import { CreateSession, UserId } from "@sojourn/core"
import { type DateTime, Option, Result, Schema } from "effect"
import { oneLine } from "../failure.ts"
import { IsoTime } from "../isoTime.ts"
import type { Line } from "../ndjson.ts"

/** Lines longer than this are refused: 2 MiB. */
export const maxLineBytes = 2 * 1024 * 1024

/** Enough of a text for any enricher; what comes after it would be held in memory for nothing. */
const textLength = 8192

const optional = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const LoginJson = Schema.fromJsonString(Schema.Struct({
  userId: UserId,
  ip: optional(Schema.String),
  userAgent: optional(Schema.String),
  at: optional(IsoTime)
}))

const decodeLogin = Schema.decodeUnknownResult(LoginJson)
const decodeText = (bytes: Uint8Array) =>
  Result.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => "The line is not UTF-8"
  })

/** A login to do, and when it was. */
export interface Login {
  readonly command: CreateSession
  readonly at: Option.Option<DateTime.Utc>
}

/** A copy: a slice would keep the whole text alive. */
const cut = (text: string) => text.length <= textLength ? text : Buffer.from(text.slice(0, textLength)).toString()

/** The login of a line, or why it is none; undefined for an empty line. */
export const parseLogin = ({ bytes }: Line): Result.Result<Login, string> | undefined => {
  if (bytes === undefined) return Result.fail(`The line is longer than ${maxLineBytes} bytes`)
  const text = decodeText(bytes)
  if (Result.isFailure(text)) return Result.fail(text.failure)
  if (text.success.trim() === "") return undefined
  return Result.mapBoth(decodeLogin(text.success), {
    onFailure: ({ message }) => oneLine(message),
    onSuccess: ({ at, ip, userAgent, userId }) => ({
      command: CreateSession.make({
        userId,
        ipAddress: Option.map(Option.fromNullishOr(ip), cut),
        userAgent: Option.map(Option.fromNullishOr(userAgent), cut)
      }),
      at: Option.fromNullishOr(at)
    })
  })
}

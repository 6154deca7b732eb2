/**
 * What scripts tell the channel: `E1767225600000 <id>,<id>` for sessions that ended at that millisecond, `C…` for those
 * that have another secret since then.
 */
import { type CacheInvalidation, SessionId } from "@sojourn/core"
import { Schema } from "effect"

/** The name of the channel under a prefix. */
export const channel = (prefix: string): string => `${prefix}:ended`

const format = /^([EC])(\d{1,15}) (.+)$/
const isSessionId = Schema.is(SessionId)

/** Something that this version cannot read may have told of an ending, so that it counts as lost. */
export const parse = (text: string): CacheInvalidation => {
  const [, kind, at, ids] = format.exec(text) ?? []
  const sessionIds = (ids ?? "").split(",").filter(isSessionId)
  return sessionIds.length === 0
    ? { _tag: "Listening" }
    : { _tag: kind === "E" ? "Ended" : "Changed", sessionIds, at: Number(at) }
}

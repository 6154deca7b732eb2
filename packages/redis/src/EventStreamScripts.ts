/** What Redis does with the stream in one step. KEYS[1] is the stream. */
import { script } from "./RedisCall.ts"

const lookUp = `
local function field(list, name)
  for i = 1, #list, 2 do if list[i] == name then return list[i + 1] end end
end
local function position(id) return tonumber(string.match(id, "^%d+")) end
local function oldest() return redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", 1)[1] end
local function lastDelivered(name)
  for _, group in ipairs(redis.pcall("XINFO", "GROUPS", KEYS[1])) do
    if field(group, "name") == name then return field(group, "last-delivered-id") end
  end
end`

/**
 * ARGV: the most entries, the position up to which the log was delivered before, then for each event: position, event id, type,
 * JSON. Gives how many events from the beginning were taken, and how many of them the stream is too short to hold.
 *
 * An event at or below the last id is there already, or was and has been trimmed. Another one in its place, or none
 * between entries that are there, is the mark of another log: it stops.
 */
export const append = script(`${lookUp}
local last, first, late = 0, nil, 0
if redis.call("EXISTS", KEYS[1]) == 1 then
  last = position(field(redis.call("XINFO", "STREAM", KEYS[1]), "last-generated-id"))
end
local after = tonumber(ARGV[2])
for i = 3, #ARGV, 4 do
  local at, id = tonumber(ARGV[i]), ARGV[i] .. "-0"
  if at > last then
    local previous = last
    if after < at then previous = math.max(last, after) end
    redis.call("XADD", KEYS[1], "MAXLEN", "~", ARGV[1], id, "event", ARGV[i + 3], "eventId", ARGV[i + 1],
      "type", ARGV[i + 2], "previous", string.format("%.0f", previous))
    last = at
  else
    local there = redis.call("XRANGE", KEYS[1], id, id)[1]
    first = first or oldest()
    if there then
      if field(there[2], "eventId") ~= ARGV[i + 1] then return {(i - 3) / 4, late} end
    elseif first and at > position(first[1]) then
      return {(i - 3) / 4, late}
    else
      late = late + 1
    end
  end
end
return {(#ARGV - 2) / 4, late}`)

/** ARGV: group, where a new one starts: after this position, or at the `beginning` or the `end` of the stream. */
export const ensureGroup = script(`${lookUp}
local start = ARGV[2] .. "-0"
if ARGV[2] == "end" then
  start = "$"
elseif ARGV[2] == "beginning" then
  local first = oldest()
  start = (first and field(first[2], "previous") or "0") .. "-0"
end
local made = redis.pcall("XGROUP", "CREATE", KEYS[1], ARGV[1], start, "MKSTREAM")
if made.err and not string.find(made.err, "^BUSYGROUP") then return made end
return 1`)

/**
 * ARGV: group, consumer, count. Gives the id up to which the group has come, the position up to which it has missed
 * entries (or 0), and what it had not read. Reads no further than to the next gap, which is to be skipped by `skipGap`.
 */
export const readNew = script(`${lookUp}
local last = lastDelivered(ARGV[1])
if not last then return redis.error_reply("NOGROUP") end
local unread = redis.call("XRANGE", KEYS[1], "(" .. last, "+", "COUNT", ARGV[3])
local at, count = position(last), 0
for _, entry in ipairs(unread) do
  local previous = tonumber(field(entry[2], "previous") or "")
  if previous and previous > at then
    if count > 0 then break end
    return {last, previous, {}}
  end
  at, count = position(entry[1]), count + 1
end
if count == 0 then return {last, 0, {}} end
return {last, 0, redis.call("XREADGROUP", "GROUP", ARGV[1], ARGV[2], "COUNT", count, "STREAMS", KEYS[1], ">")[1][2]}`)

/**
 * ARGV: group, the last position of the gap. Gives 1 when that moved the group behind it. A step of its own: where the
 * answer that tells of a gap is lost, the gap must still be there.
 */
export const skipGap = script(`${lookUp}
local last = lastDelivered(ARGV[1])
if not last then return redis.error_reply("NOGROUP") end
if position(last) >= tonumber(ARGV[2]) then return 0 end
redis.call("XGROUP", "SETID", KEYS[1], ARGV[1], ARGV[2] .. "-0")
return 1`)

/** Entries with how often each was delivered; those whose content is gone are only named. */
const delivered = `
local function delivered(cursor, entries, gone)
  local found = {}
  for _, entry in ipairs(entries) do
    if entry and entry[2] then
      local pending = redis.call("XPENDING", KEYS[1], ARGV[1], entry[1], entry[1], 1)[1]
      found[#found + 1] = {entry[1], pending and pending[4] or 1, entry[2]}
    elseif entry then
      gone[#gone + 1] = entry[1]
    end
  end
  return {cursor, found, gone}
end`

/** ARGV: group, consumer, count, the id to read on from. The consumer's own that it has not acknowledged. */
export const readPending = script(`${delivered}
local entries = redis.call("XREADGROUP", "GROUP", ARGV[1], ARGV[2], "COUNT", ARGV[3], "STREAMS", KEYS[1], ARGV[4])[1][2]
return delivered(#entries > 0 and entries[#entries][1] or "", entries, {})`)

/** ARGV: group, consumer, count, the cursor, how many milliseconds an entry must have been left alone. */
export const claim = script(`${delivered}
local claimed = redis.call("XAUTOCLAIM", KEYS[1], ARGV[1], ARGV[2], ARGV[5], ARGV[4], "COUNT", ARGV[3])
return delivered(claimed[1], claimed[2], claimed[3] or {})`)

/** ARGV: group, consumer, ids. Shows that the consumer still works on them, if they are still its own. */
export const keep = script(`
for i = 3, #ARGV do
  if #redis.call("XPENDING", KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) > 0 then
    redis.call("XCLAIM", KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], "JUSTID")
  end
end
return 1`)

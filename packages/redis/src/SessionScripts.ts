/**
 * What Redis does in one step. Every key that a script touches is among its KEYS, as a cluster asks. Offsets into values are those of `SessionCodec`, from 1.
 */
import { script } from "./RedisCall.ts"
import { tombstone } from "./SessionCodec.ts"

/** The index lives as long as the last of its sessions; those that are over go with every addition. */
const addToIndex = `
local function add(index, id, now, activeUntil, life)
  redis.call("ZREMRANGEBYSCORE", index, "-inf", now)
  redis.call("ZADD", index, activeUntil, id)
  if redis.call("PTTL", index) < tonumber(life) then redis.call("PEXPIRE", index, life) end
end`

/** A session's key ends with its id. */
const idOf = `
local function idOf(key) return string.sub(key, -36) end`

/**
 * `count` sessions, whose keys begin at KEYS[key]. Those that had no tombstone yet are put to
 * the `news`: the others were told of when they got theirs. The channel is told in the form of `InvalidationMessage`.
 * Where a Redis that is full takes no tombstone, the entry goes all the same and is told; gives that error.
 */
const bury = `${idOf}
local function bury(index, key, count, life, news)
  local failure
  for i = 0, count - 1 do
    local id = idOf(KEYS[key + i])
    local old = redis.pcall("SET", KEYS[key + i], "${tombstone}", "PX", life, "GET")
    if type(old) == "table" then
      redis.call("DEL", KEYS[key + i])
      failure = old
    end
    if old ~= "${tombstone}" then news[#news + 1] = id end
    redis.call("ZREM", index, id)
  end
  return failure
end
local function tell(channel, now, news)
  if #news > 0 then redis.call("PUBLISH", channel, "E" .. now .. " " .. table.concat(news, ",")) end
end`

const secret = `
local function created(value) return struct.unpack(">I6", value, 9) end
local function secret(value) return string.sub(value, 33, 64) end
local function rotation(value) return math.floor(string.byte(value, 2) / 4) end
local function isLater(a, b)
  local ahead = (rotation(a) - rotation(b) + 64) % 64
  return ahead > 0 and ahead < 32
end`

/** Trust, the lowest of the flags, is never taken back: a value without it comes from a copy from before. */
const keepTrust = `
local function keepTrust(old, value)
  local version, flags = string.byte(value, 1, 2)
  if string.byte(old, 2) % 2 <= flags % 2 then return value end
  return string.char(version, flags + 1) .. string.sub(value, 3)
end`

/**
 * ARGV: life of tombstones, channel, and in one text all that is put, as `SessionPut` writes it: an argument each would
 * take longer to write and to read than all the rest. KEYS of each session: index, session, ended….
 * The failure of one stops none of the others; gives each one's place and message. On a replica READONLY is the error of the
 * script itself: only that makes ioredis look for the primary. Mostly a session is new,
 * and need not be read first; what is not new, and not there any more, others may have kept with another secret.
 */
export const put = script(`${addToIndex}${bury}${secret}${keepTrust}
local news, changes, failures, at, nth = {}, {}, {}, nil, 0
local function putOne(key, value, now, activeUntil, ended)
  local index, id, use = KEYS[key], idOf(KEYS[key + 1]), struct.unpack(">I6", value, 3) - now
  local failure = bury(index, key + 2, ended, ARGV[1], news)
  if failure then error(failure) end
  if redis.call("SET", KEYS[key + 1], value, "PX", use, "NX") then
    if created(value) ~= now then changes[#changes + 1] = id end
  else
    local old = redis.call("GET", KEYS[key + 1])
    if old == "${tombstone}" then return end
    if string.byte(old) == string.byte(value) then
      if isLater(old, value) then return end
      value = keepTrust(old, value)
    end
    redis.call("SET", KEYS[key + 1], value, "PX", use)
    if secret(old) ~= secret(value) then changes[#changes + 1] = id end
  end
  add(index, id, now, activeUntil, activeUntil - now)
end
local key, from = 1, 1
while key <= #KEYS do
  local now, activeUntil, ended, length, valueAt = struct.unpack(">ddI4I4", ARGV[3], from)
  from = valueAt + length
  if not at or now < at then at = now end
  local done, failure = pcall(putOne, key, string.sub(ARGV[3], valueAt, from - 1), now, activeUntil, ended)
  if not done then
    local why = type(failure) == "table" and failure.err or tostring(failure)
    local readonly = string.match(why, "^READONLY .*") or string.match(why, " %-(READONLY .*)")
    if readonly then return redis.error_reply(readonly) end
    failures[#failures + 1] = nth
    failures[#failures + 1] = why
  end
  key, nth = key + 2 + ended, nth + 1
end
tell(ARGV[2], at, news)
if #changes > 0 then redis.call("PUBLISH", ARGV[2], "C" .. at .. " " .. table.concat(changes, ",")) end
return failures`)

/** KEYS: index, session; ARGV: id, value, now, active until, life, life of the value. */
export const fill = script(`${addToIndex}
if not redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[6], "NX") then return 0 end
add(KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/**
 * KEYS: index, session; ARGV: id, value, now, active until, life. The deadline stays as it was, in the value and in
 * Redis: activity is no proof that the session still lives, so an ending that got lost must not be kept alive by it.
 */
export const touch = script(`${addToIndex}${secret}${keepTrust}
local function activity(value) return struct.unpack(">I6", value, 15) end
local old = redis.call("GET", KEYS[2])
if not old or string.byte(old) ~= string.byte(ARGV[2]) or secret(old) ~= secret(ARGV[2]) then return 0 end
if activity(ARGV[2]) < activity(old) then return 0 end
local new = keepTrust(old, ARGV[2])
redis.call("SET", KEYS[2], string.sub(new, 1, 2) .. string.sub(old, 3, 8) .. string.sub(new, 9), "KEEPTTL")
add(KEYS[1], ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/** KEYS: index, ended…; ARGV: life of tombstones, channel, now. */
export const fence = script(`${bury}
local news = {}
local failure = bury(KEYS[1], 2, #KEYS - 1, ARGV[1], news)
tell(ARGV[2], ARGV[3], news)
return failure or #KEYS - 1`)

/** KEYS: session; ARGV: the value that could not be read. Whatever was written since then stays. */
export const removeIfStill = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`)

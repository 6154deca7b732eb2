/**
 * What Redis does in one step. Every key that a script touches is among its KEYS, as a cluster asks; where there is an
 * index, it is KEYS[1]. Offsets into values are those of `SessionCodec`, from 1.
 */
import { script } from "./RedisCall.ts"
import { tombstone } from "./SessionCodec.ts"

/** The index lives as long as the last of its sessions; those that are over go with every addition. */
const addToIndex = `
local function add(id, now, activeUntil, life)
  redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
  redis.call("ZADD", KEYS[1], activeUntil, id)
  if redis.call("PTTL", KEYS[1]) < tonumber(life) then redis.call("PEXPIRE", KEYS[1], life) end
end`

/**
 * KEYS[offset + i] is the key of the session ARGV[first + i - 1]. Tells the channel as well, see `InvalidationMessage`,
 * of those that had no tombstone yet: the others were told of when they got theirs.
 */
const bury = `
local function bury(offset, first, life, channel, now)
  local news = {}
  for i = 1, #KEYS - offset do
    local id = ARGV[first + i - 1]
    if redis.call("SET", KEYS[offset + i], "${tombstone}", "PX", life, "GET") ~= "${tombstone}" then
      news[#news + 1] = id
    end
    redis.call("ZREM", KEYS[1], id)
  end
  if #news > 0 then redis.call("PUBLISH", channel, "E" .. now .. " " .. table.concat(news, ",")) end
end`

const secret = `
local function secret(value) return string.sub(value, 33, 64) end
local function rotation(value) return math.floor(string.byte(value, 2) / 4) end
local function isLater(a, b)
  local ahead = (rotation(a) - rotation(b) + 64) % 64
  return ahead > 0 and ahead < 32
end`

/**
 * KEYS: index, session, ended…; ARGV: id, value, now, active until, life, life of the value, of tombstones, channel,
 * ended….
 */
export const put = script(`${addToIndex}${bury}${secret}
bury(2, 9, ARGV[7], ARGV[8], ARGV[3])
local old = redis.call("GET", KEYS[2])
if old == "${tombstone}" then return 0 end
if old and string.byte(old) == string.byte(ARGV[2]) and isLater(old, ARGV[2]) then return 0 end
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[6])
add(ARGV[1], ARGV[3], ARGV[4], ARGV[5])
if old and secret(old) ~= secret(ARGV[2]) then redis.call("PUBLISH", ARGV[8], "C" .. ARGV[3] .. " " .. ARGV[1]) end
return 1`)

/** KEYS: index, session; ARGV: id, value, now, active until, life, life of the value. */
export const fill = script(`${addToIndex}
if not redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[6], "NX") then return 0 end
add(ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/**
 * KEYS: index, session; ARGV: id, value, now, active until, life. The deadline stays as it was, in the value and in
 * Redis: activity is no proof that the session still lives, so an ending that got lost must not be kept alive by it.
 */
export const touch = script(`${addToIndex}${secret}
local function activity(value) return struct.unpack(">I6", value, 15) end
local old = redis.call("GET", KEYS[2])
if not old or string.byte(old) ~= string.byte(ARGV[2]) or secret(old) ~= secret(ARGV[2]) then return 0 end
if activity(ARGV[2]) < activity(old) then return 0 end
redis.call("SET", KEYS[2], string.sub(ARGV[2], 1, 2) .. string.sub(old, 3, 8) .. string.sub(ARGV[2], 9), "KEEPTTL")
add(ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/** KEYS: index, ended…; ARGV: life of tombstones, channel, now, ended…. */
export const fence = script(`${bury}
bury(1, 4, ARGV[1], ARGV[2], ARGV[3])
return #KEYS - 1`)

/** KEYS: session; ARGV: the value that could not be read. Whatever was written since then stays. */
export const removeIfStill = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`)

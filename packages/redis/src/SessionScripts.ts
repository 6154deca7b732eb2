/**
 * What Redis does in one step. Every key that a script touches is among its KEYS, as a cluster asks; where there is an
 * index, it is KEYS[1].
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

/** KEYS[offset + i] is the key of the session ARGV[first + i - 1]. */
const bury = `
local function bury(offset, first, life)
  for i = 1, #KEYS - offset do
    redis.call("SET", KEYS[offset + i], "${tombstone}", "PX", life)
    redis.call("ZREM", KEYS[1], ARGV[first + i - 1])
  end
end`

/** KEYS: index, session, ended…; ARGV: id, value, now, active until, life, life of the value, of tombstones, ended…. */
export const put = script(`${addToIndex}${bury}
bury(2, 8, ARGV[7])
if redis.call("GET", KEYS[2]) == "${tombstone}" then return 0 end
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[6])
add(ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/** KEYS: index, session; ARGV: id, value, now, active until, life, life of the value. */
export const fill = script(`${addToIndex}
if not redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[6], "NX") then return 0 end
add(ARGV[1], ARGV[3], ARGV[4], ARGV[5])
return 1`)

/** KEYS: index, ended…; ARGV: life of tombstones, ended…. */
export const fence = script(`${bury}
bury(1, 2, ARGV[1])
return #KEYS - 1`)

/** KEYS: session; ARGV: the value that could not be read. Whatever was written since then stays. */
export const removeIfStill = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`)

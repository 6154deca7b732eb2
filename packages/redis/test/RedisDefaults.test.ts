import { assert, describe, it } from "@effect/vitest"
import { clusterDefaults, redisDefaults } from "@sojourn/redis/RedisDefaults"

describe("RedisDefaults", () => {
  it.each([
    ["READONLY You can't write against a read only replica.", true],
    ["READONLY You can't write against a read only replica. script: 5ca1e, on @user_script:9.", true],
    [
      "ERR Error running script (call to f_5ca1e): @user_script:9: @user_script: 9: " +
      "-READONLY You can't write against a read only replica.",
      true
    ],
    ["NOPERM User READONLY has no permissions to run the 'evalsha' command", false],
    ["NOPERM User app-READONLY has no permissions to run the 'evalsha' command", false],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", false]
  ])("K27 a connection is replaced where the server is a replica, and not otherwise: %s", (message, expected) => {
    for (const { reconnectOnError } of [redisDefaults, clusterDefaults.redisOptions]) {
      assert.strictEqual(reconnectOnError(new Error(message)), expected)
    }
  })
})

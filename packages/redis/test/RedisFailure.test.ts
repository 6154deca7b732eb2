import { assert, describe, it } from "@effect/vitest"
import { fromUnknown, RedisFailure } from "@sojourn/redis/RedisFailure"

describe("RedisFailure", () => {
  it.each([
    ["Connection is closed.", /not connected/],
    ["Stream isn't writeable and enableOfflineQueue options is false", /not connected/],
    ["Cluster isn't ready and enableOfflineQueue options is false", /not connected/],
    ["Reached the max retries per request limit (which is 0).", /not connected/],
    ["connect ECONNREFUSED 127.0.0.1:6379", /cannot be reached \(connect ECONNREFUSED 127.0.0.1:6379\)/],
    ["connect ETIMEDOUT", /did not answer in time/],
    ["Command timed out", /did not answer in time/],
    ["Socket timeout. Expecting data, but didn't receive any in 2000ms.", /did not answer in time/],
    ["Failed to refresh slots cache.", /No node of the Redis Cluster/],
    ["CLUSTERDOWN Hash slot not served", /CLUSTER INFO/],
    ["WRONGPASS invalid username-password pair or user is disabled.", /refused access/],
    ["NOAUTH Authentication required.", /refused access/],
    ["NOPERM User app has no permissions to run the 'evalsha' command", /refused access/],
    ["OOM command not allowed when used memory > 'maxmemory'.", /maxmemory/],
    ["READONLY You can't write against a read only replica.", /primary/],
    ["ERR something new", /Redis failed: ERR something new/]
  ])("K27 says what to do: %s", (message, said) => {
    const failure = fromUnknown(new Error(message))
    assert.instanceOf(failure, RedisFailure)
    assert.match(failure.message, said)
  })

  it("K27 shows no argument of a command", () => {
    const error = Object.assign(
      new Error("ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'hunter2' "),
      { command: { name: "hello", args: [3, "AUTH", "default", "hunter2"] } }
    )
    const failure = fromUnknown(error)
    assert.notInclude(`${failure} ${JSON.stringify(failure)} ${failure.stack}`, "hunter2")
    assert.include(failure.message, "ERR unknown command 'HELLO'")
  })

  it("K27 tells of errors that have only a code, as those of several addresses do", () => {
    const error = Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" })
    assert.match(fromUnknown(error).message, /cannot be reached \(ECONNREFUSED\)/)
  })
})

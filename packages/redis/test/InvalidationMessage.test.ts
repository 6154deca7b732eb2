import { assert, describe, it } from "@effect/vitest"
import { SessionId } from "@sojourn/core"
import { parse } from "@sojourn/redis/InvalidationMessage"

const one = SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a3")
const other = SessionId.make("019ca945-0a00-7a3b-8c1d-5e6f708192a4")

describe("InvalidationMessage", () => {
  it("V11 reads which sessions ended or changed, and when", () => {
    assert.deepEqual(parse(`E1767225600000 ${one},${other}`), {
      _tag: "Ended",
      sessionIds: [one, other],
      at: 1767225600000
    })
    assert.deepEqual(parse(`C1 ${one}`), { _tag: "Changed", sessionIds: [one], at: 1 })
  })

  it.each(["", "E", `E ${one}`, "E1 ", "E1 nobody", `X1 ${one}`, `{"ended":["${one}"]}`])(
    "V11 what cannot be read counts as lost: %s",
    (text) => {
      assert.deepEqual(parse(text), { _tag: "Listening" })
    }
  )
})

/** `sojourn create` where nobody reads what it prints. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { assertFailure, freshDirectory, sojourn, start } from "./process.ts"

layer(NodeServices.layer, { excludeTestServices: true })("create", (it) => {
  it.effect.each([["text"], ["JSON", "--json"]])(
    "a reader that has gone leaves a session without a token: it is named, so that it can be ended (%s)",
    ([, ...flags]) =>
      Effect.scoped(Effect.gen(function*() {
        const env = { SOJOURN_DATA_DIR: yield* freshDirectory }
        yield* sojourn(["users", "put", "alice"], env)
        const { child, ended } = yield* start(["create", "alice", ...flags], env)
        child.stdout.destroy()
        const lost = yield* ended
        assertFailure(lost, "The token could not be written and is lost")
        const [, sessionId = ""] = /sojourn revoke (\S+)$/m.exec(lost.stderr) ?? []
        const { stdout } = yield* sojourn(["revoke", sessionId, "--json"], env)
        assert.deepStrictEqual(JSON.parse(stdout), { revoked: [sessionId], alreadyEnded: [] })
      })),
    60_000
  )
})

/** Credentials are found again as they were stored. */
import { assert, type Vitest } from "@effect/vitest"
import { CredentialRepo, SessionRepo } from "@sojourn/core"
import { Effect, Option } from "effect"
import { candidate, freshSessionId } from "../Fixtures.ts"
import { newSession } from "../Generators.ts"
import { erase } from "./eraseCases.ts"
import { byDefault, type CredentialStore, expired, givenUser, passwordChanged } from "./given.ts"
import { credentialOf, givenSession } from "./givenCredential.ts"

export const findCredentialCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect.prop(
    "P1 a credential is found again, all fields equal, with the hash that was admitted",
    { generated: newSession },
    ({ generated }) =>
      Effect.gen(function*() {
        const repo = yield* SessionRepo
        const { userId } = yield* givenUser("unlimited")
        const asking = yield* candidate({ ...generated, id: yield* freshSessionId, userId })
        yield* repo.admit(asking, byDefault)
        assert.deepStrictEqual(
          yield* credentialOf(asking.session.id),
          Option.some({
            session: asking.session,
            secretHash: asking.secretHash,
            rotation: 0,
            previous: Option.none(),
            retired: []
          })
        )
      }),
    { arbitrary: { runs: 40 }, timeout: 30_000 }
  )

  it.effect("V6 in whatever state the session is; only those that exist; each once", () =>
    Effect.gen(function*() {
      const credentials = yield* CredentialRepo
      const repo = yield* SessionRepo
      const live = yield* givenSession()
      const over = yield* givenSession(expired)
      const ended = yield* givenSession()
      yield* repo.endAll(ended.userId, Option.none(), passwordChanged)
      const ids = [ended.id, live.id, yield* freshSessionId, over.id, live.id]
      const found = yield* credentials.find(ids)
      assert.sameDeepMembers(
        found.map(({ secretHash, session }) => ({ secretHash, session })),
        [
          { secretHash: live.secretHash, session: live.session },
          { secretHash: over.secretHash, session: over.session },
          { secretHash: ended.secretHash, session: ended.session.ended(passwordChanged) }
        ]
      )
      assert.deepStrictEqual(yield* credentials.find([]), [])
    }))

  it.effect("P11 a session that was deleted has no credential any more", () =>
    Effect.gen(function*() {
      const { id, userId } = yield* givenSession()
      yield* erase(userId)
      assert.deepStrictEqual(yield* credentialOf(id), Option.none())
    }))
}

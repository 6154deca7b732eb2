/** Replacing a session's secret, at the store. */
import { assert, type Vitest } from "@effect/vitest"
import {
  byUser,
  type Credential,
  parseIpAddress,
  type SecretHash,
  SessionRepo,
  SessionRotated,
  toCached
} from "@sojourn/core"
import { Effect, Option } from "effect"
import { addresses, after, freshSessionId, now } from "../Fixtures.ts"
import { allOf, type CredentialStore, eventsOf, expired, justOver, passwordChanged } from "./given.ts"
import { credentialOf, freshHash, givenSession, rotate } from "./givenCredential.ts"

/** Rotates one after the other, a minute apart; gives every hash that the session ever had, the first one first. */
const rotateTimes = Effect.fnUntraced(function*(session: Credential, times: number) {
  const hashes: Array<SecretHash> = [session.secretHash]
  for (let nth = 0; nth < times; nth++) {
    const { rotation } = yield* rotate(session.session.id, hashes.at(-1)!, { seconds: nth * 60 })
    hashes.push(rotation.next)
  }
  return hashes
})

export const rotateCases = (it: Vitest.MethodsNonLive<CredentialStore>): void => {
  it.effect("rotation replaces the secret, remembers the one before, and writes one event; the session is the same", () =>
    Effect.gen(function*() {
      const { id, secretHash, session, userId } = yield* givenSession()
      const ipAddress = parseIpAddress(addresses.documentationIpv6)
      const { outcome, rotation } = yield* rotate(id, secretHash, { ipAddress })
      const credential: Credential = {
        session,
        secretHash: rotation.next,
        rotation: 1,
        previous: Option.some({ hash: secretHash, rotatedAt: now }),
        retired: []
      }
      const actor = byUser(userId, ipAddress)
      const event = SessionRotated.make({ eventId: rotation.eventId, at: now, userId, actor, sessionId: id })
      assert.deepStrictEqual(outcome, { _tag: "Rotated", credential, events: [event] })
      assert.deepStrictEqual(yield* credentialOf(id), Option.some(credential))
      assert.deepStrictEqual((yield* eventsOf(userId, 2)).slice(1), [event])
    }))

  it.effect("rotation of 100 at once has one successor: the others get its salt", () =>
    Effect.gen(function*() {
      const { id, secretHash, userId } = yield* givenSession()
      const outcomes = yield* Effect.replicateEffect(rotate(id, secretHash), 100, { concurrency: "unbounded" })
      const winners = outcomes.filter(({ outcome }) => outcome._tag === "Rotated")
      assert.strictEqual(winners.length, 1)
      const { next, salt } = winners[0]!.rotation
      for (const { outcome } of outcomes) {
        if (outcome._tag === "Rotated") continue
        assert.isTrue(outcome._tag === "AlreadyRotated" && outcome.salt === salt)
      }
      assert.strictEqual(Option.getOrThrow(yield* credentialOf(id)).secretHash, next)
      assert.strictEqual((yield* eventsOf(userId, 2)).length, 2)
    }), 30_000)

  it.effect("rotation of the previous secret within its grace gives the same salt again, half-open", () =>
    Effect.gen(function*() {
      const { id, secretHash } = yield* givenSession()
      const { rotation } = yield* rotate(id, secretHash)
      const before = yield* credentialOf(id)
      for (
        const [seconds, grace, tag] of [
          [0, 30, "AlreadyRotated"],
          [29.999, 30, "AlreadyRotated"],
          [30, 30, "NotCurrent"],
          [299.999, 300, "AlreadyRotated"],
          [0, 0, "NotCurrent"]
        ] as const
      ) {
        const { outcome } = yield* rotate(id, secretHash, { seconds, grace })
        assert.strictEqual(outcome._tag, tag, `after ${seconds} s with a grace of ${grace} s`)
        if (outcome._tag === "AlreadyRotated") assert.strictEqual(outcome.salt, rotation.salt)
      }
      assert.deepStrictEqual(yield* credentialOf(id), before)
    }))

  it.effect("rotation remembers 8 secrets before the previous one, the latest first", () =>
    Effect.gen(function*() {
      const { id } = yield* givenSession()
      const hashes = yield* rotateTimes(Option.getOrThrow(yield* credentialOf(id)), 11)
      const { previous, retired, secretHash } = Option.getOrThrow(yield* credentialOf(id))
      const [current, before, ...older] = hashes.toReversed()
      assert.strictEqual(secretHash, current)
      assert.deepStrictEqual(previous, Option.some({ hash: before!, rotatedAt: after("10 minutes") }))
      assert.deepStrictEqual(retired, older.slice(0, 8))
    }))

  it.effect("rotation of a retired or an unknown secret changes nothing: NotCurrent", () =>
    Effect.gen(function*() {
      const { id, userId } = yield* givenSession()
      const hashes = yield* rotateTimes(Option.getOrThrow(yield* credentialOf(id)), 2)
      const before = [yield* credentialOf(id), yield* eventsOf(userId, 3)]
      for (const hash of [hashes[0]!, yield* freshHash]) {
        const { outcome } = yield* rotate(id, hash, { seconds: 61 })
        assert.isTrue(outcome._tag === "NotCurrent" && outcome.credential.secretHash === hashes[2])
      }
      assert.deepStrictEqual([yield* credentialOf(id), yield* eventsOf(userId, 3)], before)
    }))

  it.effect("V11 rotation never revives: ended, expired and unknown sessions are NotActive, and nothing is written", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      const ended = yield* givenSession()
      yield* repo.endAll(ended.userId, Option.none(), passwordChanged)
      const gone = [yield* givenSession(expired), yield* givenSession(justOver)]
      for (const { id, secretHash, userId } of [ended, ...gone]) {
        const before = yield* allOf(userId, 1)
        const { outcome } = yield* rotate(id, secretHash)
        assert.isTrue(outcome._tag === "NotActive")
        const found = outcome._tag === "NotActive" ? Option.getOrThrow(outcome.credential) : undefined
        assert.strictEqual(found?.secretHash, secretHash)
        assert.isTrue(Option.isSome(found!.session.endReason(now)))
        assert.deepStrictEqual(yield* allOf(userId, 1), before)
      }
      const { outcome } = yield* rotate(yield* freshSessionId, yield* freshHash)
      assert.deepStrictEqual(outcome, { _tag: "NotActive", credential: Option.none() })
    }))

  it.effect("V11 a rotation that races with the end of all either comes before it or does nothing", () =>
    Effect.gen(function*() {
      const repo = yield* SessionRepo
      for (let round = 0; round < 10; round++) {
        const { id, secretHash, userId } = yield* givenSession()
        const [{ outcome }] = yield* Effect.all(
          [rotate(id, secretHash), repo.endAll(userId, Option.none(), passwordChanged)],
          { concurrency: "unbounded" }
        )
        const { session } = Option.getOrThrow(yield* credentialOf(id))
        assert.isFalse(session.isActive(now))
        const tags = (yield* eventsOf(userId, 3)).map(({ _tag }) => _tag)
        assert.deepStrictEqual(tags, [
          "SessionCreated",
          ...outcome._tag === "Rotated" ? ["SessionRotated" as const] : [],
          "SessionRevoked",
          "SessionsRevoked"
        ])
      }
    }))

  it.effect("Q11 what may be cached of a rotated session has the new hash alone", () =>
    Effect.gen(function*() {
      const { id, secretHash } = yield* givenSession()
      const { rotation } = yield* rotate(id, secretHash)
      const credential = Option.getOrThrow(yield* credentialOf(id))
      const cached = toCached(credential.session, credential.secretHash, credential.rotation)
      assert.strictEqual(cached.secretHash, rotation.next)
      assert.notInclude(Object.values(cached).join(), secretHash)
      assert.notInclude(JSON.stringify(credential.session), rotation.next)
    }))
}

/** A process that follows the handlers line by line, as steps, at a small part of their cost. */
import {
  type Activity,
  CachedSession,
  type Credential,
  EventId,
  RotationSalt,
  SecretHash,
  type Session,
  SessionEnd,
  SessionId
} from "@sojourn/core"
import { DateTime, Duration, Option, Redacted } from "effect"
import type { Operation } from "./Operation.ts"
import { actor, template } from "./Scenario.ts"
import { type Servers, system } from "./Servers.ts"
import * as SmallCache from "./SmallCache.ts"
import { roundTrip, run, type Steps } from "./Steps.ts"
import { changed } from "./StoreModel.ts"
import type { Outcome, Process, Rules, Token } from "./World.ts"

const dayMillis = 86_400_000
const eventId = EventId.make("00000000-0000-4000-8000-000000000000")
const salt = RotationSalt.make("0".repeat(64))
const noToken = Redacted.make("")
const over: Outcome = { error: "SessionNotActive" }
const well: Outcome = {}

/** As `toCached`. */
const cached = (session: Session, secretHash: SecretHash, rotation: number): CachedSession =>
  Object.assign(Object.create(CachedSession.prototype), session, { secretHash, rotation })

const touched = (session: CachedSession, lastActivityAt: DateTime.Utc): CachedSession =>
  Object.assign(Object.create(CachedSession.prototype), session, { lastActivityAt })

/** Hashes of secrets; each follows from the one before, as in a rotation. */
const hashOf = (number: number) => SecretHash.make(number.toString(16).padStart(64, "0"))
const successor = (hash: SecretHash) => hashOf(Number.parseInt(hash.slice(-12), 16) + 1)

export const start = (servers: Servers, rules: Rules, hasFront: boolean): Process => {
  const { dice, machine, store } = servers
  const shared = SmallCache.shared(servers)
  const fronted = hasFront ? SmallCache.front(servers, shared) : undefined
  const cache = fronted?.cache ?? shared

  // SessionLookup
  const waiting = new Map<SessionId, Array<(credential: Credential | undefined) => void>>()
  function* ask(ids: ReadonlyArray<SessionId>): Steps<void> {
    const answers = ids.map((id) => [id, waiting.get(id) ?? []] as const)
    for (const id of ids) waiting.delete(id)
    const found = yield* roundTrip("find", () => servers.find(ids))
    for (const [id, resumes] of answers) {
      for (const resume of resumes) resume(found.find(({ session }) => session.id === id))
    }
  }
  function* lookUp(id: SessionId): Steps<Credential | undefined> {
    let answer: Credential | undefined
    yield (wake) => {
      const resume = (credential: Credential | undefined) => {
        answer = credential
        wake()
      }
      const known = waiting.get(id)
      if (known !== undefined) known.push(resume)
      else {
        waiting.set(id, [resume])
        machine.scheduleTask(() => run(machine, ask([id]), () => {}))
      }
    }
    return answer
  }

  // ActivityWriter
  const pending = new Map<SessionId, { readonly session: CachedSession; readonly activity: Activity }>()
  const recorded = new Map<SessionId, DateTime.Utc>()
  let isGathering = false
  const everyMillis = Math.min(60_000, (rules.idleMillis ?? Infinity) / 10)
  function* flush(): Steps<void> {
    isGathering = false
    const now = DateTime.makeUnsafe(machine.time)
    const batch = [...pending.values()].filter(({ session }) => session.isActive(now))
    pending.clear()
    if (batch.length === 0) return
    yield* roundTrip("touch", () => store.touch(batch.map(({ activity }) => activity)))
    for (const { activity, session } of batch) {
      yield* cache.touch(touched(session, activity.at))
    }
  }
  const record = (session: CachedSession) => {
    const at = DateTime.makeUnsafe(machine.time)
    const last = DateTime.max(recorded.get(session.id) ?? session.lastActivityAt, session.lastActivityAt)
    const current = touched(session, last)
    if (machine.time < last.epochMilliseconds + everyMillis || !current.isActive(at)) return
    pending.set(session.id, { session: current, activity: { sessionId: session.id, at, ipAddress: Option.none() } })
    recorded.set(session.id, at)
    if (isGathering) return
    isGathering = true
    machine.wakeAfter(1_000, () => run(machine, flush(), () => {}))
  }

  const endForReuse = function*(operation: Operation, id: SessionId, now: DateTime.Utc): Steps<Outcome> {
    const end = new SessionEnd({ at: now, reason: "rotation_reuse", actor: system })
    yield* roundTrip("end", () => servers.end(operation, id, end, true))
    yield* cache.fence([id])
    return over
  }

  function* validate(operation: Operation, { secret, sessionId }: Token): Steps<CachedSession | Outcome> {
    const now = DateTime.makeUnsafe(machine.time)
    const found = yield* cache.get(sessionId, machine.time)
    if (found !== undefined && found.secretHash === secret && found.isActive(now)) return found
    const credential = yield* lookUp(sessionId)
    if (credential === undefined) return { error: "InvalidSessionToken" }
    const { previous, retired, secretHash, session } = credential
    const isPrevious = Option.isSome(previous) && previous.value.hash === secret
    if (secretHash !== secret && !isPrevious && !retired.includes(secret)) return { error: "InvalidSessionToken" }
    if (!session.isActive(now)) return over
    const isWithinGrace = Option.isSome(previous) &&
      now.epochMilliseconds < previous.value.rotatedAt.epochMilliseconds + rules.graceMillis
    if (secretHash !== secret && !(isPrevious && isWithinGrace)) return yield* endForReuse(operation, sessionId, now)
    const judged = cached(session, secretHash, credential.rotation)
    yield* cache.fill(judged, now.epochMilliseconds)
    return judged
  }

  function* touch(operation: Operation, token: Token): Steps<Outcome> {
    const session = yield* validate(operation, token)
    if (!(session instanceof CachedSession)) return session
    if (dice.once(2)) yield "work"
    record(session)
    return well
  }

  function* rotate(operation: Operation, { secret, sessionId, token }: Token): Steps<Outcome> {
    const now = DateTime.makeUnsafe(machine.time)
    const grace = Duration.millis(rules.graceMillis)
    const next = successor(secret)
    const outcome = yield* roundTrip(
      "rotate",
      () =>
        servers.rotate(operation, {
          sessionId,
          presented: secret,
          next,
          salt,
          eventId,
          ipAddress: Option.none(),
          now,
          grace
        })
    )
    switch (outcome._tag) {
      case "Rotated": {
        yield* cache.put(
          cached(outcome.credential.session, next, outcome.credential.rotation),
          [],
          now.epochMilliseconds
        )
        return { given: { sessionId, token } }
      }
      case "AlreadyRotated":
        return { given: { sessionId, token } }
      case "NotActive":
        return over
      case "NotCurrent":
        return yield* endForReuse(operation, sessionId, now)
    }
  }

  function* revoke(operation: Operation, { sessionId }: Token): Steps<Outcome> {
    const end = new SessionEnd({ at: DateTime.makeUnsafe(machine.time), reason: "logout", actor })
    yield* roundTrip("end", () => servers.end(operation, sessionId, end, false))
    yield* cache.fence([sessionId])
    return well
  }

  function* revokeAll(operation: Operation, except: SessionId | undefined): Steps<Outcome> {
    const end = new SessionEnd({ at: DateTime.makeUnsafe(machine.time), reason: "logout", actor })
    const ended = yield* roundTrip("endAll", () => servers.endAll(operation, except, end))
    if (ended === undefined) return { error: "KeptSessionNotActive" }
    const over = [...ended.ended, ...ended.endedBefore]
    if (over.length > 0) yield* cache.fence(over)
    return well
  }

  function* sweep(operation: Operation): Steps<Outcome> {
    const now = DateTime.makeUnsafe(machine.time)
    const swept = yield* roundTrip("sweep", () => servers.sweep(operation, now))
    if (swept.length > 0) yield* cache.fence(swept.map(({ id }) => id))
    return well
  }

  function* create(operation: Operation): Steps<Outcome> {
    const now = DateTime.makeUnsafe(machine.time)
    const number = dice.roll(0x1_0000_0000)
    const id = `00000000-0000-7000-9000-${number.toString(16).padStart(12, "0")}` as SessionId
    const session = changed(template, {
      id,
      createdAt: now,
      lastActivityAt: now,
      expiresAt: DateTime.makeUnsafe(machine.time + 30 * dayMillis),
      idleTimeout: Option.map(Option.fromUndefinedOr(rules.idleMillis), Duration.millis)
    })
    const secret = hashOf(number * 256)
    const { evicted, expired } = yield* roundTrip("admit", () => servers.admit(operation, session, secret))
    yield* cache.put(cached(session, secret, 0), [...expired, ...evicted], machine.time)
    return { given: { sessionId: id, token: noToken } }
  }

  const handler = function*(operation: Operation, token: Token, except: SessionId | undefined): Steps<Outcome> {
    switch (operation.name) {
      case "validate": {
        const session = yield* validate(operation, token)
        return session instanceof CachedSession ? well : session
      }
      case "touch":
        return yield* touch(operation, token)
      case "rotate":
        return yield* rotate(operation, token)
      case "revoke":
        return yield* revoke(operation, token)
      case "revokeAll":
        return yield* revokeAll(operation, except)
      case "sweep":
        return yield* sweep(operation)
      case "create":
        return yield* create(operation)
    }
  }

  return {
    mint: (sessionId) => ({ sessionId, secret: hashOf(dice.roll(0x1_0000_0000) * 256), token: noToken }),
    call: (operation, token, except, done) => run(machine, handler(operation, token, except), done),
    hear: (messages) => messages.forEach((message) => fronted?.hear(message))
  }
}

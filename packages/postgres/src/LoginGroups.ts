/** Logins that wait, and which of them one statement can take. */
import type { Admission, Candidate, SessionRules, UserId } from "@sojourn/core"
import type { Effect, Tracer } from "effect"
import type { Refusal } from "./Admit.ts"

/** One that waits for its outcome. */
export interface Login {
  readonly candidate: Candidate
  readonly rules: SessionRules
  /** Tells the caller, who goes on at once. */
  readonly settle: (outcome: Effect.Effect<Admission, Refusal>) => void
  /** What the caller traces. */
  readonly span: Tracer.AnySpan | undefined
  cancelled: boolean
}

/** One user's logins in one statement count as simultaneous, so they may be apart by this much at most. */
const simultaneousMillis = 1000

/** Splits logins into groups that one statement can take: the same rules, and each user's logins simultaneous. */
export const compatible = (logins: ReadonlyArray<Login>): ReadonlyArray<Array<Login>> => {
  const groups: Array<{ rules: SessionRules; times: Map<UserId, number>; logins: Array<Login> }> = []
  for (const login of logins) {
    const { createdAt, userId } = login.candidate.session
    const at = createdAt.epochMilliseconds
    // Only the last group may take it, so that a user's logins stay in their order.
    const last = groups.at(-1)
    const fits = last !== undefined && last.rules === login.rules &&
      Math.abs((last.times.get(userId) ?? at) - at) <= simultaneousMillis
    const group = fits ? last : { rules: login.rules, times: new Map<UserId, number>(), logins: [] }
    if (!fits) groups.push(group)
    group.times.set(userId, group.times.get(userId) ?? at)
    group.logins.push(login)
  }
  return groups.map(({ logins }) => logins)
}

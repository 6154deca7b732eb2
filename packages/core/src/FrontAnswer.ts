/** Marks what the front cache answers, so that validations are counted by where they were answered. */
import { Option } from "effect"
import type { CachedSession } from "./CachedSession.ts"

// A hidden property: quicker to ask for than a set of the answers, and no part of their equality.
const front = Symbol("front")
const hidden = { value: true }

/** An answer of the front cache. */
export const frontAnswer = (session: CachedSession): Option.Option<CachedSession> =>
  Object.defineProperty(Option.some(session), front, hidden)

/** Whether the front cache gave this very answer. */
export const isFrontAnswer = (answer: Option.Option<CachedSession>): boolean => front in answer

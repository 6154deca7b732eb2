/** What an examination has found. */
import { Schema } from "effect"

/**
 * `ok`; `warning`: it works, and something should be seen to; `failed`: something does not work; `skipped`: it could not be
 * examined, because of what failed before, or is not in use.
 */
export const State = Schema.Literals(["ok", "warning", "failed", "skipped"])

/** What was examined, how it stands, and one line that says so and how to mend it. */
export const Finding = Schema.Struct({
  check: Schema.String,
  state: State,
  message: Schema.String
})
export type Finding = typeof Finding.Type

export const found = (check: string, state: typeof State.Type, message: string): Finding => ({ check, state, message })

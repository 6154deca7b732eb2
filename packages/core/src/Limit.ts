/** How many sessions a user may have at once. */
import { Schema } from "effect"

/** `"unlimited"`, or the greatest number of active sessions: 0 (nobody may log in) to 2,147,483,647. */
export const Limit = Schema.Union([
  Schema.Literal("unlimited"),
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 }))
])
export type Limit = typeof Limit.Type

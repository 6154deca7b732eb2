/** The public name of a session. */
import { Schema } from "effect"

const isCanonicalUuidV7 = Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, {
  expected: "a lower-case UUID of version 7"
})

/**
 * UUIDv7 (RFC 9562, section 5.7) given when the session is created, in lower case; sorts by creation.
 *
 * It reveals when the session began and is not a secret: what signs somebody in is the `SessionToken`.
 */
export const SessionId = Schema.String.check(isCanonicalUuidV7).pipe(Schema.brand("@sojourn/core/SessionId"))
export type SessionId = typeof SessionId.Type

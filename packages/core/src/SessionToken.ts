/** What the client holds to prove that a session is theirs. */
import { Effect, Option, Redacted, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Base64Url, Hex } from "effect/encoding"
import { SessionId } from "./SessionId.ts"
import type { UserId } from "./User.ts"

const prefix = "sjn1_"
// The last character carries two unused bits, which are zero: one secret has one spelling.
const pattern = /^sjn1_([A-Za-z0-9_-]{24})\.([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/

/**
 * `sjn1_` + base64url(16 bytes session id, 2 bytes routing tag) + `.` + base64url(32 random bytes).
 *
 * 256 bits of the secret half come from a secure random source (OWASP ASVS 5.0, 7.2.3 asks for at least 128). Only
 * the SHA-256 of that half is stored, so neither a database dump nor a cache can be replayed.
 */
export type SessionToken = Redacted.Redacted<string>

/** SHA-256 of the token's secret half, in lower-case hex. */
export const SecretHash = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "64 lower-case hex digits" })
).pipe(Schema.brand("@sojourn/core/SecretHash"))
export type SecretHash = typeof SecretHash.Type

/** 32 random bytes, in lower-case hex, that turn a secret into its successor when it is rotated. Not a secret. */
export const RotationSalt = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "64 lower-case hex digits" })
).pipe(Schema.brand("@sojourn/core/RotationSalt"))
export type RotationSalt = typeof RotationSalt.Type

/** Two bytes in hex, derived from the user id, by which a cache cluster finds all keys of a user in one place. */
export const RoutingTag = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{4}$/, { expected: "4 lower-case hex digits" })
).pipe(Schema.brand("@sojourn/core/RoutingTag"))
export type RoutingTag = typeof RoutingTag.Type

/** What a token says, once it is taken apart. `secret` is still to be checked. */
export interface TokenParts {
  readonly sessionId: SessionId
  readonly routingTag: RoutingTag
  readonly secret: Redacted.Redacted<Uint8Array>
}

/** The user's routing tag: FNV-1a over the UTF-8 bytes, folded to 16 bits. It is part of the token format: never change it. */
export const routingTag = (userId: UserId): RoutingTag => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(userId)) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return RoutingTag.make((((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, "0"))
}

const idBytes = (sessionId: SessionId, tag: RoutingTag): Uint8Array => {
  const hex = sessionId.replaceAll("-", "") + tag
  return Uint8Array.from({ length: 18 }, (_, at) => parseInt(hex.slice(at * 2, at * 2 + 2), 16))
}

/** Puts a token together. `secret` are 32 bytes of a secure random source. */
export const makeToken = (sessionId: SessionId, userId: UserId, secret: Uint8Array): SessionToken =>
  Redacted.make(`${prefix}${Base64Url.encode(idBytes(sessionId, routingTag(userId)))}.${Base64Url.encode(secret)}`, {
    label: "SessionToken"
  })

/** Takes a token apart; none for anything that is not exactly of the token's form. */
export const parseToken = (token: SessionToken): Option.Option<TokenParts> =>
  Option.gen(function*() {
    const match = yield* Option.fromNullOr(pattern.exec(Redacted.value(token)))
    const hex = Hex.encode(yield* Option.getSuccess(Base64Url.decode(match[1]!)))
    const secret = yield* Option.getSuccess(Base64Url.decode(match[2]!))
    const uuid = hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    return {
      sessionId: yield* Schema.decodeOption(SessionId)(uuid),
      routingTag: RoutingTag.make(hex.slice(32)),
      secret: Redacted.make(secret, { label: "SessionSecret" })
    }
  })

/** The hash by which a secret is kept and compared. */
export const hashSecret = (secret: Uint8Array): Effect.Effect<SecretHash, never, Digest.Digest> =>
  Digest.Digest.use((digest) => digest.digestHex(Digest.sha256, secret)).pipe(Effect.map((hex) => SecretHash.make(hex)))

/** The secret that follows `secret` in a rotation: nobody who does not hold the one can make the other. */
export const succeedSecret = (
  secret: Uint8Array,
  salt: RotationSalt
): Effect.Effect<Uint8Array, never, Digest.Digest> =>
  Digest.Digest.use((digest) =>
    digest.digest(Digest.sha256, new TextEncoder().encode(`sojourn rotation ${Hex.encode(secret)} ${salt}`))
  )

/** Compares without telling by its time where the two differ. */
export const isSameHash = (a: SecretHash, b: SecretHash): boolean => {
  let difference = 0
  for (let at = 0; at < 64; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at)
  return difference === 0
}

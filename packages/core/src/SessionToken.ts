/** What the client holds to prove that a session is theirs. */
import { Brand, Effect, Option, Redacted, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Hex } from "effect/encoding"
import { SessionId } from "./SessionId.ts"
import { codeAt, fromBase64Url, fromHex, hexOfBase64Url, isUuidV7, toBase64Url, toHex16, uuidOf } from "./TokenText.ts"
import type { UserId } from "./User.ts"

const prefix = "sjn1_"
const idAt = prefix.length
const dotAt = idAt + 24
const secretAt = dotAt + 1
const tokenLength = secretAt + 43

const encoder = new TextEncoder()

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

// For what is made here: the schemas would go through it even when told not to check.
const asSessionId = Brand.nominal<SessionId>()
const asSecretHash = Brand.nominal<SecretHash>()
const asRoutingTag = Brand.nominal<RoutingTag>()

/** What a token says, once it is taken apart. */
export interface TokenParts {
  /** Which session it claims to be of. Anybody can write that: only the secret proves it. */
  readonly sessionId: SessionId
  /** By which a cache finds the session. Anybody can write that, too. */
  readonly routingTag: RoutingTag
  /** 32 bytes, still to be checked: by `hashSecret`, then `isSameHash`. */
  readonly secret: Redacted.Redacted<Uint8Array>
}

// Anything else than a printable character of ASCII, which is its own byte in UTF-8.
const notAscii = /[^ -~]/

/** The user's routing tag: FNV-1a over the UTF-8 bytes, folded to 16 bits. It is part of the token format: never change it. */
export const routingTag = (userId: UserId): RoutingTag => {
  const encoded = notAscii.test(userId) ? encoder.encode(userId) : undefined
  const length = encoded === undefined ? userId.length : encoded.length
  let hash = 0x811c9dc5
  for (let at = 0; at < length; at++) {
    hash = Math.imul(hash ^ (encoded === undefined ? codeAt(userId, at) : encoded[at]!), 0x01000193)
  }
  return asRoutingTag(toHex16((hash >>> 16) ^ hash))
}

/** Puts a token together. `secret` are 32 bytes of a secure random source. */
export const makeToken = (sessionId: SessionId, userId: UserId, secret: Uint8Array): SessionToken =>
  Redacted.make(
    `${prefix}${toBase64Url(fromHex(sessionId + routingTag(userId), 18))}.${toBase64Url(secret)}`,
    { label: "SessionToken" }
  )

/** What a token says, with its secret bare. */
export interface BareTokenParts extends Omit<TokenParts, "secret"> {
  /** 32 bytes, to be hashed at once, and neither kept nor shown. */
  readonly secret: Uint8Array
}

/** Of the token that is being taken apart; nothing is left of it afterwards but strings. */
const digits = new Uint8Array(36)

/** As `parseToken`, for the path that must be quick: wrapping a secret takes as long as the rest of the parsing. */
export const takeApart = (token: SessionToken): BareTokenParts | undefined => {
  const text = Redacted.value(token)
  if (text.length !== tokenLength || !text.startsWith(prefix) || text[dotAt] !== ".") return undefined
  const secret = fromBase64Url(text, secretAt, 32)
  if (secret === undefined || !hexOfBase64Url(text, idAt, digits) || !isUuidV7(digits)) return undefined
  return {
    sessionId: asSessionId(uuidOf(digits)),
    routingTag: asRoutingTag(String.fromCharCode(digits[32]!, digits[33]!, digits[34]!, digits[35]!)),
    secret
  }
}

/** Takes a token apart; none for anything that is not exactly of the token's form. */
export const parseToken = (token: SessionToken): Option.Option<TokenParts> =>
  Option.map(Option.fromUndefinedOr(takeApart(token)), (parts) => ({
    ...parts,
    secret: Redacted.make(parts.secret, { label: "SessionSecret" })
  }))

/** As `hashSecret`, with a digest that is there already. */
export const hashBy = (digest: Digest.Digest["Service"], secret: Uint8Array): Effect.Effect<SecretHash> =>
  Effect.mapEager(digest.digestHex(Digest.sha256, secret), asSecretHash)

/** The hash by which a secret is kept and compared. */
export const hashSecret = (secret: Uint8Array): Effect.Effect<SecretHash, never, Digest.Digest> =>
  Digest.Digest.use((digest) => hashBy(digest, secret))

/** The secret that follows `secret` in a rotation: nobody who does not hold the one can make the other. */
export const succeedSecret = (
  secret: Uint8Array,
  salt: RotationSalt
): Effect.Effect<Uint8Array, never, Digest.Digest> =>
  Digest.Digest.use((digest) =>
    digest.digest(Digest.sha256, encoder.encode(`sojourn rotation ${Hex.encode(secret)} ${salt}`))
  )

/** Compares without telling by its time where the two differ. */
export const isSameHash = (a: SecretHash, b: SecretHash): boolean => beginsWithHash(a, b)

/** The same with a text that begins with a hash, which to cut off would take longer than to compare. */
export const beginsWithHash = (text: string, hash: SecretHash): boolean => {
  let difference = 0
  for (let at = 0; at < 64; at++) difference |= codeAt(text, at) ^ codeAt(hash, at)
  return difference === 0
}

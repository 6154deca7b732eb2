/** What the client holds to prove that a session is theirs. */
import { Effect, Option, Redacted, Result, Schema } from "effect"
import { Digest } from "effect/crypto"
import { Base64Url, Hex } from "effect/encoding"
import { SessionId } from "./SessionId.ts"
import type { UserId } from "./User.ts"

const prefix = "sjn1_"
// The last character carries two unused bits, which are zero: one secret has one spelling.
const pattern = /^sjn1_[A-Za-z0-9_-]{24}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const idAt = prefix.length
const secretAt = idAt + 25

const unchecked = { disableChecks: true }
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

/** What a token says, once it is taken apart. `secret` is still to be checked. */
export interface TokenParts {
  readonly sessionId: SessionId
  readonly routingTag: RoutingTag
  readonly secret: Redacted.Redacted<Uint8Array>
}

/** The user's routing tag: FNV-1a over the UTF-8 bytes, folded to 16 bits. It is part of the token format: never change it. */
export const routingTag = (userId: UserId): RoutingTag => {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(userId)) {
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return RoutingTag.make((((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, "0"), unchecked)
}

const idBytes = (sessionId: SessionId, tag: RoutingTag): Uint8Array =>
  Result.getOrThrow(Hex.decode(sessionId.replaceAll("-", "") + tag))

/** Puts a token together. `secret` are 32 bytes of a secure random source. */
export const makeToken = (sessionId: SessionId, userId: UserId, secret: Uint8Array): SessionToken =>
  Redacted.make(`${prefix}${Base64Url.encode(idBytes(sessionId, routingTag(userId)))}.${Base64Url.encode(secret)}`, {
    label: "SessionToken"
  })

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const sixBits = new Uint8Array(128)
for (let at = 0; at < alphabet.length; at++) sixBits[alphabet.charCodeAt(at)] = at

/** Decodes base64url that `pattern` has checked already, which `Base64Url.decode` would do four times more. */
const decode = (text: string, from: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let bits = 0
  let held = 0
  for (let at = 0; at < length; held -= 8) {
    for (; held < 8; held += 6) bits = (bits << 6) | sixBits[text.charCodeAt(from++)]!
    bytes[at++] = bits >> (held - 8)
  }
  return bytes
}

/** What a token says, with its secret bare: to be hashed at once, and neither kept nor shown. */
export interface BareTokenParts {
  readonly sessionId: SessionId
  readonly routingTag: RoutingTag
  readonly secret: Uint8Array
}

const hexDigits = Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0))
const dash = 45

/** Made at once: a string that is put together of pieces keeps them, and caches keep the string. */
const uuidOf = (bytes: Uint8Array): string => {
  const codes: Array<number> = []
  for (let at = 0; at < 16; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) codes.push(dash)
    codes.push(hexDigits[bytes[at]! >> 4]!, hexDigits[bytes[at]! & 15]!)
  }
  return String.fromCharCode(...codes)
}

/** Version 7, and the variant of RFC 9562. */
const isUuidV7 = (bytes: Uint8Array): boolean => bytes[6]! >> 4 === 7 && bytes[8]! >> 6 === 2

/** As `parseToken`, for the path that must be quick: wrapping a secret takes as long as the rest of the parsing. */
export const takeApart = (token: SessionToken): BareTokenParts | undefined => {
  const text = Redacted.value(token)
  if (!pattern.test(text)) return undefined
  const id = decode(text, idAt, 18)
  return isUuidV7(id)
    ? {
      sessionId: SessionId.make(uuidOf(id), unchecked),
      routingTag: RoutingTag.make(Hex.encode(id.subarray(16)), unchecked),
      secret: decode(text, secretAt, 32)
    }
    : undefined
}

/** Takes a token apart; none for anything that is not exactly of the token's form. */
export const parseToken = (token: SessionToken): Option.Option<TokenParts> =>
  Option.map(Option.fromUndefinedOr(takeApart(token)), (parts) => ({
    ...parts,
    secret: Redacted.make(parts.secret, { label: "SessionSecret" })
  }))

/** The hash by which a secret is kept and compared. */
export const hashSecret = (secret: Uint8Array): Effect.Effect<SecretHash, never, Digest.Digest> =>
  Digest.Digest.use((digest) => digest.digestHex(Digest.sha256, secret)).pipe(
    Effect.map((hex) => SecretHash.make(hex, unchecked))
  )

/** The secret that follows `secret` in a rotation: nobody who does not hold the one can make the other. */
export const succeedSecret = (
  secret: Uint8Array,
  salt: RotationSalt
): Effect.Effect<Uint8Array, never, Digest.Digest> =>
  Digest.Digest.use((digest) =>
    digest.digest(Digest.sha256, encoder.encode(`sojourn rotation ${Hex.encode(secret)} ${salt}`))
  )

/** Compares without telling by its time where the two differ. */
export const isSameHash = (a: SecretHash, b: SecretHash): boolean => {
  let difference = 0
  for (let at = 0; at < 64; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at)
  return difference === 0
}

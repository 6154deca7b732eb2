/**
 * How a session is written in Redis, version 1. Numbers are big-endian, times milliseconds since 1970.
 *
 * | bytes | what |
 * | --- | --- |
 * | 0 | version: 1 |
 * | 1 | flags: 1 = trusted, 2 = the user id is a UUID; above them the rotation number |
 * | 2–7 | until when the entry may be used |
 * | 8–13, 14–19, 20–25 | created, last active, expires |
 * | 26–31 | idle timeout in milliseconds, 0 for none |
 * | 32–63 | SHA-256 of the secret |
 * | 64–79 | the user id, if flagged |
 * | then | JSON: `[device name, location name]`, and the user id if it is not above |
 *
 * The session id is not in it: it is in the key. A tombstone is the number 0 in ASCII, which Redis keeps without
 * allocating anything.
 */
import { CachedSession, instantAt, type SecretHash, type SessionId, UserId } from "@sojourn/core"
import { instance } from "@sojourn/core/Instance"
import { hexOf, uuidOf } from "@sojourn/core/TokenText"
import { Brand, Duration, Option, Schema } from "effect"

/** What stands where a session was ended. */
export const tombstone = "0"

/** A session, and until when it may be used. */
export interface Entry {
  readonly session: CachedSession
  readonly until: number
}

/** What a key held; `unreadable` are bytes that this version did not write. */
export type Decoded = Entry | "tombstone" | "unreadable"

const version = 1
const trusted = 1
const uuidUser = 2
const rotationShift = 2
const head = 64
const asSecretHash = Brand.nominal<SecretHash>()
const asUserId = Brand.nominal<UserId>()

type Texts = readonly [deviceName: string | null, locationName: string | null, userId?: UserId]

/** JSON keeps every string, also halves of surrogate pairs. */
const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))
const isUserId = Schema.is(UserId)
const isName = (name: unknown): boolean => name === null || typeof name === "string"
// By hand: with a Schema it would be a fifth of the work.
const isTexts = (value: unknown): value is Texts =>
  Array.isArray(value) && isName(value[0]) && isName(value[1]) &&
  (value.length === 2 || value.length === 3 && isUserId(value[2]))

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Writes a session that may be used until then. */
export const encode = (session: CachedSession, until: number): Buffer => {
  const isUuid = uuid.test(session.userId)
  const names = [Option.getOrNull(session.deviceName), Option.getOrNull(session.locationName)]
  const texts = JSON.stringify(isUuid ? names : [...names, session.userId])
  const textsAt = isUuid ? head + 16 : head
  // Not zeroed: every byte of it is written.
  const bytes = Buffer.allocUnsafe(textsAt + Buffer.byteLength(texts))
  bytes[0] = version
  bytes[1] = (session.trusted ? trusted : 0) | (isUuid ? uuidUser : 0) | (session.rotation << rotationShift)
  bytes.writeUIntBE(until, 2, 6)
  bytes.writeUIntBE(session.createdAt.epochMilliseconds, 8, 6)
  bytes.writeUIntBE(session.lastActivityAt.epochMilliseconds, 14, 6)
  bytes.writeUIntBE(session.expiresAt.epochMilliseconds, 20, 6)
  bytes.writeUIntBE(Option.match(session.idleTimeout, { onNone: () => 0, onSome: Duration.toMillis }), 26, 6)
  bytes.write(session.secretHash, 32, "hex")
  if (isUuid) bytes.write(session.userId.replaceAll("-", ""), head, "hex")
  bytes.write(texts, textsAt)
  return bytes
}

/** Reads what `encode` wrote. Types are checked; patterns and ranges, which take four times as long, are not. */
export const decode = (id: SessionId, bytes: Buffer): Decoded => {
  if (bytes.length === 1 && bytes[0] === 0x30) return "tombstone"
  const flags = bytes[1]
  if (bytes.length <= head || bytes[0] !== version || flags === undefined) return "unreadable"
  const isUuid = (flags & uuidUser) !== 0
  const texts = parse(bytes.toString("utf8", isUuid ? head + 16 : head))
  if (Option.isNone(texts) || !isTexts(texts.value)) return "unreadable"
  const [deviceName, locationName, named] = texts.value
  if (isUuid !== (named === undefined)) return "unreadable"
  const createdAt = bytes.readUIntBE(8, 6)
  const lastActivityAt = bytes.readUIntBE(14, 6)
  const idle = bytes.readUIntBE(26, 6)
  const created = instantAt(createdAt)
  const session = instance(CachedSession, {
    id,
    userId: named ?? asUserId(uuidOf(hexOf(bytes, head, 16))),
    secretHash: asSecretHash(bytes.toString("hex", 32, head)),
    rotation: flags >> rotationShift,
    createdAt: created,
    lastActivityAt: lastActivityAt === createdAt ? created : instantAt(lastActivityAt),
    expiresAt: instantAt(bytes.readUIntBE(20, 6)),
    idleTimeout: idle === 0 ? Option.none() : Option.some(Duration.millis(idle)),
    trusted: (flags & trusted) !== 0,
    deviceName: Option.fromNullOr(deviceName),
    locationName: Option.fromNullOr(locationName)
  })
  return { session, until: bytes.readUIntBE(2, 6) }
}

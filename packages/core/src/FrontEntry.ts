/** How the front cache keeps a session: in a third of the memory that a `CachedSession` takes. */
import { Brand, Duration, Option, type Types } from "effect"
import { CachedSession } from "./CachedSession.ts"
import { instantAt } from "./Instant.ts"
import { noHash } from "./MatchSecret.ts"
import { remember } from "./Remember.ts"
import type { SessionId } from "./SessionId.ts"
import { beginsWithHash, type SecretHash } from "./SessionToken.ts"
import { UserId } from "./User.ts"

/** A session without its id, which is the entry's key. Times are milliseconds since 1970. */
export interface FrontEntry {
  /** The first instant at which the entry may not be used any more. */
  readonly until: number
  /** The secret's hash, of 64 characters, and the user id: one string is smaller than two. */
  readonly texts: string
  readonly rotation: number
  readonly trusted: boolean
  readonly createdAt: number
  readonly lastActivityAt: number
  readonly expiresAt: number
  readonly idleTimeout: Option.Option<Duration.Duration>
  readonly deviceName: Option.Option<string>
  readonly locationName: Option.Option<string>
}

const hashLength = 64
const asSecretHash = Brand.nominal<SecretHash>()
const asUserId = Brand.nominal<UserId>()

/** Makes entries that share what is equal among them: most sessions have the idle timeout and the names of many others. */
export const makeToEntry = (): (
  session: CachedSession,
  until: number,
  trusted?: boolean
) => FrontEntry => {
  const idleMillis = remember((millis: number) => Option.some(Duration.millis(millis)))
  const someName = remember((name: string) => Option.some(name))
  const idleTimeout = (option: FrontEntry["idleTimeout"]) =>
    Option.isNone(option) ? option : idleMillis(Duration.toMillis(option.value))
  const name = (option: Option.Option<string>) => Option.isNone(option) ? option : someName(option.value)
  return (session, until, trusted = session.trusted) => ({
    until,
    // Not `+` or a template: those keep the pieces.
    texts: [session.secretHash, session.userId].join(""),
    rotation: session.rotation,
    trusted,
    createdAt: session.createdAt.epochMilliseconds,
    lastActivityAt: session.lastActivityAt.epochMilliseconds,
    expiresAt: session.expiresAt.epochMilliseconds,
    idleTimeout: idleTimeout(session.idleTimeout),
    deviceName: name(session.deviceName),
    locationName: name(session.locationName)
  })
}

/** The session that the entry was made of. Its `secretHash`, where it is at hand, need not be cut off again. */
export const toSession = (
  id: SessionId,
  entry: FrontEntry,
  secretHash = asSecretHash(entry.texts.slice(0, hashLength))
): CachedSession => {
  const createdAt = instantAt(entry.createdAt)
  // Field by field: with all at once, as `instance` takes them, this would be a tenth of a validation.
  const session: Types.Mutable<CachedSession> = Object.create(CachedSession.prototype)
  session.id = id
  session.userId = asUserId(entry.texts.slice(hashLength))
  session.secretHash = secretHash
  session.rotation = entry.rotation
  session.createdAt = createdAt
  session.lastActivityAt = entry.lastActivityAt === entry.createdAt ? createdAt : instantAt(entry.lastActivityAt)
  session.expiresAt = instantAt(entry.expiresAt)
  session.idleTimeout = entry.idleTimeout
  session.trusted = entry.trusted
  session.deviceName = entry.deviceName
  session.locationName = entry.locationName
  return session
}

/** Whether the entry's secret has this hash; of no entry it is told as slowly. */
export const hasHash = (entry: FrontEntry | undefined, hash: SecretHash): entry is FrontEntry =>
  beginsWithHash(entry === undefined ? noHash : entry.texts, hash) && entry !== undefined

/** Whether both have the same secret. */
export const hasSecretOf = (entry: FrontEntry, session: CachedSession): boolean =>
  entry.texts.startsWith(session.secretHash)

/** A session and the hashes of its secrets, as the table `sessions` holds them. */
import type { Credential, SecretHash } from "@sojourn/core"
import { Brand, DateTime, Option } from "effect"
import { Hex } from "effect/encoding"
import { sessionColumns, sessionOf, type SessionRow } from "./SessionRow.ts"

/** The columns to select. */
export const credentialColumns = `secret_hash, previous_hash, rotated_at, rotation, retired_hashes, ${sessionColumns}`

/** The columns, as the driver gives them: what this package wrote. */
export type CredentialRow = readonly [
  secretHash: Uint8Array,
  previousHash: Uint8Array | null,
  rotatedAt: Date | null,
  /** Null: none yet. */
  rotation: number | null,
  retiredHashes: ReadonlyArray<Uint8Array> | null,
  ...session: SessionRow
]

const asSecretHash = Brand.nominal<SecretHash>()

const hash = (bytes: Uint8Array) => asSecretHash(Hex.encode(bytes))

/** The credential of a row with `credentialColumns`. Throws where it is unreadable, which `reading` catches. */
export const credentialOf = (
  [secretHash, previousHash, rotatedAt, rotation, retiredHashes, ...session]: CredentialRow
): Credential => ({
  session: sessionOf(session),
  secretHash: hash(secretHash),
  rotation: rotation ?? 0,
  previous: previousHash === null || rotatedAt === null
    ? Option.none()
    : Option.some({ hash: hash(previousHash), rotatedAt: DateTime.fromDateUnsafe(rotatedAt) }),
  retired: (retiredHashes ?? []).map(hash)
})

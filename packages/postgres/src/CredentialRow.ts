/** A session and the hashes of its secrets, as the table `sessions` holds them. */
import type { Credential, SecretHash } from "@sojourn/core"
import { Brand, DateTime, Option } from "effect"
import { Hex } from "effect/encoding"
import { sessionColumns, sessionOf, type SessionRow } from "./SessionRow.ts"

/** The columns to select. */
export const credentialColumns = `${sessionColumns}, secret_hash, previous_hash, rotated_at, rotation, retired_hashes`

/** The columns, as the driver gives them: what this package wrote. */
export interface CredentialRow extends SessionRow {
  readonly secret_hash: Uint8Array
  readonly previous_hash: Uint8Array | null
  readonly rotated_at: Date | null
  /** Null: none yet. */
  readonly rotation: number | null
  readonly retired_hashes: ReadonlyArray<Uint8Array> | null
}

const asSecretHash = Brand.nominal<SecretHash>()

const hash = (bytes: Uint8Array) => asSecretHash(Hex.encode(bytes))

/** The credential of a row with `credentialColumns`. Throws where it is unreadable, which `reading` catches. */
export const credentialOf = (row: CredentialRow): Credential => ({
  session: sessionOf(row),
  secretHash: hash(row.secret_hash),
  rotation: row.rotation ?? 0,
  previous: row.previous_hash === null || row.rotated_at === null
    ? Option.none()
    : Option.some({ hash: hash(row.previous_hash), rotatedAt: DateTime.fromDateUnsafe(row.rotated_at) }),
  retired: (row.retired_hashes ?? []).map(hash)
})

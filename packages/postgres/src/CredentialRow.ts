/** A session and the hashes of its secrets, as the table `sessions` holds them. */
import { type Credential, RotationNumber, SecretHash } from "@sojourn/core"
import { DateTime, Effect, Option, Schema } from "effect"
import { Hex } from "effect/encoding"
import { sessionColumns, SessionRow } from "./SessionRow.ts"

/** The columns to select. */
export const credentialColumns = `${sessionColumns}, secret_hash, previous_hash, rotated_at, rotation, retired_hashes`

const Hashes = Schema.Struct({
  secret_hash: Schema.Uint8Array,
  previous_hash: Schema.NullOr(Schema.Uint8Array),
  rotated_at: Schema.NullOr(Schema.Date),
  rotation: RotationNumber,
  retired_hashes: Schema.NullOr(Schema.Array(Schema.Uint8Array))
})

const decodeSession = Schema.decodeUnknownEffect(SessionRow)
const decodeHashes = Schema.decodeUnknownEffect(Hashes)
const hash = (bytes: Uint8Array) => SecretHash.make(Hex.encode(bytes))

/** The credential that a row with `credentialColumns` holds. */
export const toCredential = Effect.fnUntraced(function*(row: unknown) {
  const { previous_hash, retired_hashes, rotated_at, rotation, secret_hash } = yield* decodeHashes(row)
  const credential: Credential = {
    session: yield* decodeSession(row),
    secretHash: hash(secret_hash),
    rotation,
    previous: previous_hash === null || rotated_at === null
      ? Option.none()
      : Option.some({ hash: hash(previous_hash), rotatedAt: DateTime.fromDateUnsafe(rotated_at) }),
    retired: (retired_hashes ?? []).map(hash)
  }
  return credential
})

/** The hashes of a session's secrets in memory, and what a rotation makes of them. */
import { rememberedSecrets, type Rotation, type RotationSalt, type SecretHash } from "@sojourn/core"
import { DateTime, Option } from "effect"

export interface Secrets {
  readonly current: SecretHash
  /** The one before, when it was replaced, and by what it was turned into the current one. */
  readonly previous: Option.Option<{
    readonly hash: SecretHash
    readonly rotatedAt: DateTime.Utc
    readonly salt: RotationSalt
  }>
  /** How often it was replaced, modulo 64. */
  readonly rotation: number
  /** Those before the previous one, the latest first. */
  readonly retired: ReadonlyArray<SecretHash>
}

export const first = (current: SecretHash): Secrets => ({ current, previous: Option.none(), rotation: 0, retired: [] })

/** The secrets after a rotation. */
export const rotated = ({ current, previous, retired, rotation }: Secrets, { next, now, salt }: Rotation): Secrets => ({
  current: next,
  previous: Option.some({ hash: current, rotatedAt: now, salt }),
  rotation: (rotation + 1) % 64,
  retired: [...Option.toArray(previous).map(({ hash }) => hash), ...retired].slice(0, rememberedSecrets)
})

/** The salt of the rotation that replaced the presented secret, while that one is within its grace. */
export const winningSalt = ({ previous }: Secrets, { grace, now, presented }: Rotation): Option.Option<RotationSalt> =>
  previous.pipe(
    Option.filter(({ hash, rotatedAt }) =>
      hash === presented && DateTime.isLessThan(now, DateTime.addDuration(rotatedAt, grace))
    ),
    Option.map(({ salt }) => salt)
  )

/** Which of a session's secrets one is. */
import { Option } from "effect"
import { type Credential, rememberedSecrets } from "./CredentialRepo.ts"
import { isSameHash, SecretHash } from "./SessionToken.ts"

/** The hash of no secret that anybody could present. */
export const noHash = SecretHash.make("0".repeat(64))

/** Compares with every secret that the session has and had, as often whether there is a session or not. */
export const matchSecret = (credential: Credential | undefined, hash: SecretHash) => {
  const isCurrent = isSameHash(credential?.secretHash ?? noHash, hash)
  const isPrevious = isSameHash(
    Option.match(credential?.previous ?? Option.none(), { onNone: () => noHash, onSome: (previous) => previous.hash }),
    hash
  )
  let isRetired = false
  for (let at = 0; at < rememberedSecrets; at++) {
    isRetired = isSameHash(credential?.retired[at] ?? noHash, hash) || isRetired
  }
  return { isCurrent, isPrevious, isRetired }
}

/** Which of a session's secrets one is. */
import { Option } from "effect"
import { type Credential, rememberedSecrets } from "./CredentialRepo.ts"
import { isSameHash, SecretHash } from "./SessionToken.ts"

/** The hash of no secret that anybody could present. */
export const noHash = SecretHash.make("0".repeat(64))

/** The one that is good; the one before it, which is good for the grace; one that was replaced before that; none of them. */
export type SecretMatch = "current" | "previous" | "retired" | "none"

/** Compares with every secret that the session has and had, as often whether there is a session or not. */
export const matchSecret = (credential: Credential | undefined, hash: SecretHash): SecretMatch => {
  const isCurrent = isSameHash(credential?.secretHash ?? noHash, hash)
  const isPrevious = isSameHash(
    Option.match(credential?.previous ?? Option.none(), { onNone: () => noHash, onSome: (previous) => previous.hash }),
    hash
  )
  let isRetired = false
  for (let at = 0; at < rememberedSecrets; at++) {
    isRetired = isSameHash(credential?.retired[at] ?? noHash, hash) || isRetired
  }
  return isCurrent ? "current" : isPrevious ? "previous" : isRetired ? "retired" : "none"
}

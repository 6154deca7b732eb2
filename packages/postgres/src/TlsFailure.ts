/** What keeps a connection from being encrypted, in words for a person. */
import { Predicate } from "effect"

/** By Node's code for what is wrong with the server's certificate. */
const byCode: ReadonlyArray<readonly [code: RegExp, message: string]> = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "PostgreSQL's certificate is for another host; name it in the URL as the certificate does"
  ],
  [
    /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    "PostgreSQL's certificate is not valid today; renew it, or check the clocks"
  ],
  [
    /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|INVALID_CA$)/,
    "PostgreSQL's certificate is not from an authority that Node.js trusts; start with " +
    "NODE_EXTRA_CA_CERTS=<file with its authority's certificate>"
  ]
]

/** One line that says what happened and what to do; undefined for an error that has nothing to do with TLS. */
export const tlsFailure = (error: object): string | undefined => {
  // The driver's own words, for which it has no code.
  if (Predicate.hasProperty(error, "message") && error.message === "The server does not support TLS") {
    return "PostgreSQL offers no TLS, which sslmode in the URL asks for; turn it on there, or leave sslmode out"
  }
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  return typeof code === "string" ? byCode.find(([pattern]) => pattern.test(code))?.[1] : undefined
}

/** What the answer to a webhook means. */
import { SinkError } from "@sojourn/core"
import { Duration, Option, Predicate, Result } from "effect"
import { Headers } from "effect/http"

/** What is kept of an answer: nothing that a receiver could put a secret into. */
export interface WebhookAnswer {
  /** Of HTTP, whatever it is. */
  readonly status: number
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined
}

/** Request Timeout, Too Early, Too Many Requests: 4xx that another time may help. */
const later = new Set([408, 425, 429])

/**
 * The error that an answer stands for, if it is one. Anything 2xx means taken. 408, 425, 429 and 5xx mean that the
 * receiver is not able to take events now; everything else, also a redirect, that it does not want this one.
 */
export const errorOf = ({ status }: WebhookAnswer, origin: string): Option.Option<SinkError> => {
  if (status >= 200 && status < 300) return Option.none()
  const reason = later.has(status) || status >= 500 ? "Unavailable" : "Rejected"
  return Option.some(
    new SinkError({ reason, message: `${origin} answered ${status}${advice(status)}`, cause: { status } })
  )
}

const advice = (status: number) =>
  status === 401 || status === 403
    ? ": it does not accept the signature; check its keys, its clock and the URL that it knows itself by"
    : status === 410
    ? ": the webhook is gone for good; stop this relay or change its URL"
    : status < 400
    ? ": redirects are not followed; change the webhook's URL"
    : ""

/** How long `Retry-After` (RFC 9110, 10.2.3) asks to wait, but at most so long; nothing without one that can be read. */
export const pauseAfter = ({ retryAfter }: WebhookAnswer, now: number, atMost: Duration.Duration): Duration.Duration =>
  Option.fromUndefinedOr(retryAfter).pipe(
    Option.flatMap((value) => Result.getSuccess(Headers.parseRetryAfter(value))),
    Option.match({
      onNone: () => Duration.zero,
      onSome: (asked) => Duration.min(Headers.retryAfterDelay(asked, now), atMost)
    })
  )

const code = /^[A-Z][A-Z0-9_]{1,40}$/

/** The system's name for a failure, such as `ECONNREFUSED`. Texts are left out: they may quote the URL. */
const codeOf = (error: unknown, depth = 5): string | undefined =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" && code.test(error.code)
    ? error.code
    : depth > 0 && Predicate.hasProperty(error, "cause")
    ? codeOf(error.cause, depth - 1)
    : undefined

/** Node's names for what is wrong with a certificate. */
const ofCertificate = /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERR_TLS_CERT_)/

/** No answer came. */
export const unreachable = (origin: string, failure: unknown): SinkError => {
  const code = codeOf(failure)
  const advice = code !== undefined && ofCertificate.test(code)
    ? ": its certificate is not trusted; if its authority is your own, start with NODE_EXTRA_CA_CERTS=<file with its certificate>"
    : ""
  return new SinkError({
    reason: "Unavailable",
    message: `${origin} cannot be reached${code === undefined ? "" : ` (${code})`}${advice}`,
    cause: { code }
  })
}

/** No answer came in time. */
export const tooSlow = (origin: string, timeout: Duration.Duration): SinkError =>
  new SinkError({
    reason: "Unavailable",
    message: `${origin} has not answered within ${Duration.format(timeout)}`,
    cause: { timeout: Duration.toMillis(timeout) }
  })

/** Why a request is not taken for a webhook of ours. */
import { Schema } from "effect"

/**
 * - `NotSigned`: it has no signature of Sojourn's.
 * - `Malformed`: its URL, signature or digest cannot be read.
 * - `NotCovered`: the signature covers something else than `@method`, `@target-uri`, `content-type` and `content-digest`.
 * - `UnknownKey`: the receiver has no key of that id.
 * - `WrongSignature`: another key signed it; or method, URL, headers or parameters are not those that were signed.
 * - `TooOld`, `TooEarly`: its time is too far from the receiver's. Both clocks should be kept by NTP.
 * - `WrongDigest`: the body is not the one that was signed.
 * - `Unreadable`: it is ours, but the body is of a version that this one cannot read.
 */
export const WebhookRefusal = Schema.Literals([
  "NotSigned",
  "Malformed",
  "NotCovered",
  "UnknownKey",
  "WrongSignature",
  "TooOld",
  "TooEarly",
  "WrongDigest",
  "Unreadable"
])
export type WebhookRefusal = typeof WebhookRefusal.Type

/** The request must not be believed. As an answer of an `HttpApi` it is 401. */
export class WebhookRefused extends Schema.TaggedError<WebhookRefused>()(
  "WebhookRefused",
  {
    /** What is wrong, for a program. */
    reason: WebhookRefusal,
    /** What is wrong, for a person. It holds nothing of the request but names and numbers. */
    message: Schema.String
  },
  { httpApiStatus: 401 }
) {}

/** Yieldable, as errors are. */
export const refuse = (reason: WebhookRefusal, message: string) => new WebhookRefused({ reason, message })

/** Where a webhook goes. */
import { Effect } from "effect"
import { WebhookOptionsError } from "./WebhookKeys.ts"

/** Addresses of this machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3; RFC 4291, 2.5.3). `URL` writes IPv4 in full. */
const isLoopback = (hostname: string) => /^(?:.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(hostname)

const refuse = (message: string) => Effect.fail(new WebhookOptionsError({ message }))

/**
 * Refuses what is no URL of the web, what carries a password, and, unless allowed, what would send the events in clear
 * text over a network. No message quotes the URL, because it may hold a secret.
 */
export const webhookUrl = Effect.fnUntraced(function*(given: string | URL, allowHttp: boolean) {
  const text = String(given)
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    return yield* refuse("The webhook's URL must be absolute, such as https://example.com/hooks/sessions")
  }
  const url = new URL(text)
  if (url.username !== "" || url.password !== "") {
    return yield* refuse("The webhook's URL must not hold a user name or a password; the signature says who sends")
  }
  if (url.protocol === "http:" && !allowHttp && !isLoopback(url.hostname)) {
    return yield* refuse(
      "The webhook's URL must begin with https:// outside this machine; or set allowHttp in a network that you trust"
    )
  }
  return url
})

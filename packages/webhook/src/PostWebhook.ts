/** One signed request and its answer. */
import { type Duration, Effect, Option, Stream } from "effect"
import { FetchHttpClient, HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { signWebhook } from "./SignWebhook.ts"
import { tooSlow, unreachable, type WebhookAnswer } from "./WebhookAnswer.ts"
import type { WebhookKey } from "./WebhookKeys.ts"
import { contentType, targetUri } from "./WebhookMessage.ts"

const mostRead = 16_384

/** Reads a short body to its end, so that the connection can be used again; gives a long or slow one up. */
const discard = ({ stream }: HttpClientResponse.HttpClientResponse) =>
  stream.pipe(
    Stream.scan(() => 0, (read, chunk) => read + chunk.length),
    Stream.takeWhile((read) => read < mostRead),
    Stream.runDrain,
    Effect.timeout("1 second"),
    Effect.ignore
  )

/** `fetch` follows redirects unless it is told not to. Other settings that the application made are kept. */
const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Effect.serviceOption(FetchHttpClient.RequestInit),
    (init) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrUndefined(init),
        redirect: "manual"
      })
  )

/**
 * Posts the body and gives the answer, whatever its status. Its span has the names of OpenTelemetry's conventions, but
 * not the client's own span, which would hold the URL; nor does the request carry the trace to strangers.
 */
export const postWebhook = (url: URL, key: WebhookKey, body: Uint8Array, timeout: Duration.Duration) =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const headers = yield* signWebhook(url, key, body)
    const request = HttpClientRequest.post(targetUri(url), { headers, body: HttpBody.uint8Array(body, contentType) })
    const response = yield* client.execute(request).pipe(
      withoutRedirects,
      // a client that fails for some statuses has the response nevertheless
      Effect.catchTag(
        "HttpClientError",
        (error) => error.response === undefined ? Effect.fail(error) : Effect.succeed(error.response)
      ),
      Effect.mapError((failure) => unreachable(url.origin, failure)),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(tooSlow(url.origin, timeout)) })
    )
    const { headers: { "retry-after": retryAfter }, status } = response
    yield* Effect.annotateCurrentSpan("http.response.status_code", status)
    if (status >= 400) yield* Effect.annotateCurrentSpan("error.type", String(status))
    yield* discard(response)
    const answer: WebhookAnswer = { status, retryAfter }
    return answer
  }).pipe(
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.withSpan("POST", {
      kind: "client",
      attributes: {
        "http.request.method": "POST",
        "server.address": url.hostname,
        "url.scheme": url.protocol.slice(0, -1)
      }
    })
  )

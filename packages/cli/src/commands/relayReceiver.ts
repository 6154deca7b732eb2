/** Who takes the events of `sojourn relay`. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import { type EventSink, type RelayOptions, SinkError } from "@sojourn/core"
import type { RedisClient } from "@sojourn/redis"
import type { WebhookOptionsError } from "@sojourn/webhook"
import { Config, Context, Data, Deferred, Effect, Layer, Option, Redacted, Stdio, Stream } from "effect"
import type { GlobalFlag } from "effect/cli"
import { FetchHttpClient } from "effect/http"
import { redisPrefix } from "sojourn/Settings"
import { Failed } from "../failure.ts"
import { RedisUrl } from "../options.ts"
import { outputWritten, writeLines } from "../standardOutput.ts"
import { eventJson } from "./events.ts"
import type { Destination } from "./relayDestination.ts"

/** A sink with all that it needs, and how a relay to it is best run. `gone` fails when it will never take any more. */
export class Receiver extends Context.Service<Receiver, {
  readonly sink: EventSink
  readonly options: RelayOptions
  readonly gone: Effect.Effect<never, Failed>
}>()("@sojourn/cli/Receiver") {}

/** There is no key to sign with. */
export class NoWebhookKey extends Data.TaggedError("NoWebhookKey") {
  override readonly message =
    "A webhook is signed: set SOJOURN_WEBHOOK_KEY to the base64 of at least 24 random bytes " +
    "that the receiver knows (openssl rand -base64 32), and SOJOURN_WEBHOOK_KEY_ID to the name that it knows them by"
}

const receiver = (sink: EventSink, options: RelayOptions = {}) => ({ sink, options, gone: Effect.never })

/** Closes over what the sink needs. */
const ready = <R>(sink: EventSink<R>) =>
  Effect.contextWith((context: Context.Context<R>): Effect.Effect<EventSink> =>
    Effect.succeed((events) => Effect.provideContext(sink(events), context))
  )

/** Events count as delivered once they have left the process. */
const stdout = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  const gone = yield* Deferred.make<never, Failed>()
  const sink: EventSink = (events) =>
    // All of them before the first is written: one that cannot be encoded would have those before it printed again.
    Effect.forEach(events, eventJson).pipe(
      Effect.flatMap((lines) => writeLines(Stream.fromArray(lines))),
      Effect.andThen(outputWritten),
      Effect.provideService(Stdio.Stdio, stdio),
      Effect.catchTags({
        Failed: (failed) => Effect.andThen(Deferred.fail(gone, failed), Effect.never),
        OutputFailed: (cause) => Effect.fail(new SinkError({ reason: "Unavailable", message: cause.message, cause }))
      })
    )
  return { sink, options: {}, gone: Deferred.await(gone) }
})

const redis = Layer.unwrap(Effect.gen(function*() {
  // That there is one has been checked.
  const url = Option.match(yield* RedisUrl, { onNone: () => Redacted.make(""), onSome: ({ value }) => value })
  const prefix = yield* redisPrefix
  const { EventStreamRedis, RedisClient } = yield* Effect.promise(() => import("@sojourn/redis"))
  return Layer.effect(Receiver, Effect.map(ready(EventStreamRedis.sink({ prefix })), receiver)).pipe(
    Layer.provide(RedisClient.layerUrl(url))
  )
}))

const webhookKey = Config.all({
  id: Config.withDefault(Config.String("SOJOURN_WEBHOOK_KEY_ID"), "default"),
  secret: Config.option(Config.Redacted("SOJOURN_WEBHOOK_KEY"))
})

/** A relay's position is written after each batch, so that little is sent again when it is stopped within one. */
const fewAtOnce = { batchSize: 20 }

const webhook = (url: Redacted.Redacted<string>) =>
  Layer.effect(
    Receiver,
    Effect.gen(function*() {
      const { id, secret } = yield* webhookKey
      if (Option.isNone(secret)) return yield* new NoWebhookKey()
      const { webhookKeys, WebhookSink } = yield* Effect.promise(() => import("@sojourn/webhook"))
      const keys = yield* webhookKeys([{ id, secret: secret.value }])
      const sink = yield* WebhookSink.make({ url: Redacted.value(url), keys })
      return receiver(yield* ready(sink), fewAtOnce)
    })
  ).pipe(
    Layer.provide([
      FetchHttpClient.layer,
      NodeCrypto.layerMac,
      NodeCrypto.layerDigest,
      NodeCrypto.layerSecureRandom
    ])
  )

type Failure = NoWebhookKey | Config.ConfigError | RedisClient.RedisClientError | WebhookOptionsError

export const layer = (
  to: Destination
): Layer.Layer<Receiver, Failure, Stdio.Stdio | GlobalFlag.Setting.Identifier<"redis-url">> =>
  to === "none"
    ? Layer.succeed(Receiver, receiver(() => Effect.void))
    : to === "stdout"
    ? Layer.effect(Receiver, stdout)
    : to === "redis"
    ? redis
    : webhook(to.url)

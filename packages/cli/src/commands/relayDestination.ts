/** Where `sojourn relay` takes events to. */
import { Data, Effect, Option, Redacted } from "effect"
import { CliError, Flag } from "effect/cli"
import { misuse, oneLine } from "../failure.ts"
import { RedisUrl } from "../options.ts"

/** A webhook's address, which may hold a secret. */
export class Webhook extends Data.TaggedClass("Webhook")<{ readonly url: Redacted.Redacted<string> }> {}

export type Destination = "none" | "stdout" | "redis" | Webhook

const toDestination = (to: string): Effect.Effect<Destination, CliError.CliError> =>
  to === "none" || to === "stdout" || to === "redis"
    ? Effect.succeed(to)
    : /^https?:\/\/./i.test(to)
    ? Effect.succeed(new Webhook({ url: Redacted.make(to, { label: "WebhookUrl" }) }))
    : Effect.fail(
      new CliError.InvalidValue({
        option: "to",
        // What looks like an address is not repeated.
        value: oneLine(to.replace(/^.*@/s, "…@").replace(/[/?].*/s, "/…")).slice(0, 80),
        expected: "none, stdout, redis, or the URL of a webhook, such as https://example.com/hooks/sessions",
        kind: "flag"
      })
    )

export const destination = Flag.String("to").pipe(
  Flag.mapEffect(toDestination),
  Flag.withMetavar("none|stdout|redis|url"),
  Flag.withDescription("Where to: nowhere, standard output, a stream in Redis, or the URL of a webhook")
)

/** What can be seen before anything is started. */
export const checkDestination = Effect.fnUntraced(function*(to: Destination) {
  if (to === "redis" && Option.isNone(yield* RedisUrl)) {
    return yield* misuse(["relay"], "Give the Redis server for --to redis, in --redis-url or REDIS_URL")
  }
})

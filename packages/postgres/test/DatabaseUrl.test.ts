/** What is told of a URL that is not understood, instead of that the server cannot be reached. */
import { assert, it } from "@effect/vitest"
import { Database } from "@sojourn/postgres"
import { Effect, Layer, Redacted } from "effect"
import { inspect } from "node:util"

it.effect.each<readonly [url: string, told: string]>([
  [
    "postgres://ada:hunter22@127.0.0.1:5432/app?sslmode=hunter22",
    "its sslmode is not understood; it is disable, allow"
  ],
  ["postgres://ada:hunter22@127.0.0.1:5432/app?sslmode=", "its sslmode is not understood"],
  ["postgres://ada:hunter22@127.0.0.1:5432/app?sslmode=require&sslmode=hunter22", "its sslmode is not understood"],
  ["postgres://ada:hunter22@127.0.0.1:5432/app?connect_timeout=5s-hunter22", "its connect_timeout is not understood"],
  ["postgres://ada:hunter22@127.0.0.1:5432/app?port=hunter22", "its port is not understood; it is a number from 1"],
  ["postgres://ada:hunter22@127.0.0.1:0/app", "its port is not understood"],
  ["postgres://ada:hunter22%@127.0.0.1:5432/app", "its password has a % with no code behind it; write %25"],
  ["postgres://ada%:hunter22@127.0.0.1:5432/app", "its user has a % with no code behind it"],
  ["postgres://ada:hunter22@127.0.0.1:5432/app%zz", "its database has a % with no code behind it"],
  ["hunter22", "cannot be read; it looks like postgres://user:password@host:5432/database"]
])(
  "a part of the URL that is not understood is named, and its value is not shown: %s",
  ([url, told]) =>
    Effect.gen(function*() {
      const layer = Database.layer({ url: Redacted.make(url) })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.include(error.message, told)
      assert.notInclude(inspect(error, { depth: 20 }), "hunter22")
    })
)

/** The name of a relay, and the relay that has it. */
import { RelayName, RelayRepo } from "@sojourn/core"
import { Data, Effect, Schema } from "effect"
import { Argument, CliError } from "effect/cli"

const decodeName = Schema.decodeUnknownEffect(RelayName)

export const relayName = Argument.String("name").pipe(
  Argument.withDescription("The name under which the relay's position is kept"),
  Argument.mapEffect((text) =>
    Effect.mapError(
      decodeName(text),
      () =>
        new CliError.UserError({
          cause: "This cannot be the name of a relay, which is 1 to 64 letters, digits and ._:-"
        })
    )
  )
)

/** No relay of this name ever ran. */
export class RelayNotFound extends Data.TaggedError("RelayNotFound")<{ readonly name: RelayName }> {
  override get message() {
    return `No relay with the name "${this.name}" ever ran; "sojourn relays" shows those that did`
  }
}

/** The relay as it stands. */
export const findRelay = Effect.fnUntraced(function*(name: RelayName) {
  const repo = yield* RelayRepo
  const found = (yield* repo.list).find((relay) => relay.name === name)
  return found ?? (yield* new RelayNotFound({ name }))
})

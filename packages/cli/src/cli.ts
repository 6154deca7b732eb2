/** The command line: every command under one name. */
import type { Layer } from "effect"
import { Command } from "effect/cli"
import type { Sojourn } from "sojourn"
import { checkInput, create } from "./commands/create.ts"
import { demo } from "./commands/demo.ts"
import { doctor } from "./commands/doctor.ts"
import { events } from "./commands/events.ts"
import { eventsExport } from "./commands/eventsExport.ts"
import { list } from "./commands/list.ts"
import { migrate } from "./commands/migrate.ts"
import { checkRelay, relay } from "./commands/relay.ts"
import { checkDestination } from "./commands/relayDestination.ts"
import * as Receiver from "./commands/relayReceiver.ts"
import { relays, relaysSetAside } from "./commands/relays.ts"
import { revoke } from "./commands/revoke.ts"
import { revokeAll } from "./commands/revokeAll.ts"
import { show } from "./commands/show.ts"
import { sweep } from "./commands/sweep.ts"
import { PresentedToken, readToken } from "./commands/tokenInput.ts"
import { checkPut, put } from "./commands/users.ts"
import { validate } from "./commands/validate.ts"
import { globalFlags } from "./options.ts"

/** The `sojourn` command over the services that a Layer gives. */
export const make = <E, R>(services: Layer.Layer<Sojourn.Services, E, R>) =>
  Command.make("sojourn").pipe(
    Command.withDescription(
      "Login sessions: who is signed in, from which device and place, for how long, and how many at once. " +
        "Without --database-url everything is kept in an embedded database in the user's data directory."
    ),
    Command.withSubcommands([
      // Input is checked outside of the services, so that a wrong use starts nothing.
      Command.make("users").pipe(
        Command.withDescription("Manage whose sessions they are and how many each user may have."),
        Command.withShortDescription("Manage users and their limits"),
        Command.withSubcommands([
          put.pipe(Command.provide(services), Command.provideEffectDiscard((input) => checkPut(input)))
        ])
      ),
      create.pipe(Command.provide(services), Command.provideEffectDiscard((input) => checkInput(input))),
      list.pipe(Command.provide(services)),
      show.pipe(Command.provide(services)),
      // The token is read outside of the services, too: while they start, a terminal would show what is typed.
      validate.pipe(Command.provide(services), Command.provideEffect(PresentedToken, readToken)),
      revoke.pipe(Command.provide(services)),
      revokeAll.pipe(Command.provide(services)),
      events.pipe(
        Command.provide(services),
        Command.withSubcommands([eventsExport.pipe(Command.provide(services))])
      ),
      relays.pipe(
        Command.provide(services),
        Command.withSubcommands([relaysSetAside.pipe(Command.provide(services))])
      ),
      relay.pipe(
        Command.provide(services),
        Command.provide(({ to }) => Receiver.layer(to)),
        Command.provideEffectDiscard((input) => checkRelay(input)),
        Command.provideEffectDiscard(({ to }) => checkDestination(to))
      ),
      sweep.pipe(Command.provide(services)),
      migrate,
      doctor,
      demo
    ]),
    Command.withGlobalFlags(globalFlags),
    Command.withExamples([
      { command: "sojourn demo", description: "See all of it in a few seconds" },
      { command: "sojourn users put alice && sojourn create alice", description: "Add a user and sign them in" },
      { command: "sojourn list alice --json", description: "Where alice is signed in, as JSON" },
      { command: "sojourn revoke-all alice", description: "Sign alice out everywhere" },
      { command: "sojourn --completions zsh", description: "Completions for a shell" }
    ])
  )

/** What it takes to tell a device from a user agent. */
import { DeviceEnricher } from "@sojourn/core"
import { DeviceEnricherUaParser } from "@sojourn/enrich"
import { Effect } from "effect"
import { userAgents } from "../Logins.ts"
import { summary } from "../Rounds.ts"
import type { Measured, Scenario } from "../Scenario.ts"

const inARound = 1000

/** Microseconds for each of the user agents, measured over all of them. */
const micros = (agents: ReadonlyArray<string>) =>
  DeviceEnricher.use((enricher) =>
    Effect.suspend(() => {
      let at = 0
      const start = performance.now()
      return Effect.whileLoop({
        while: () => at < agents.length,
        body: () => enricher.enrich(agents[at++]!, {}),
        step: () => {}
      }).pipe(Effect.map(() => (performance.now() - start) * 1000 / agents.length))
    })
  )

const known = Array.from({ length: inARound }, (_, at) => userAgents[at % userAgents.length]!)

/** User agents of the same browsers with versions that nobody has had yet. */
const fresh = (round: number) =>
  known.map((agent, at) =>
    agent.replace(/(\d+)\.0(?=\.0\.0|\))/, (_, version) => `${version}.${round}${at}`)
      .replace(/(Version\/\d+)\.\d+/, `$1.${round}${at}`)
  )

export const device: Scenario = {
  name: "device",
  run: (_, mode) =>
    Effect.gen(function*() {
      const count = mode === "full" ? 200 : 50
      const cached: Array<number> = []
      const parsed: Array<number> = []
      for (let round = -count; round < count; round++) {
        const [first, again] = [yield* micros(fresh(count + round)), yield* micros(known)]
        // The compiler's warm-up and the first answers for those that are known do not count.
        if (round >= 0) {
          parsed.push(first)
          cached.push(again)
        }
      }
      const note = `The mean over ${inARound} user agents, ${count} times.`
      return [
        {
          name: "device cached",
          title: "device from a user agent that was seen before",
          target: { atMost: 1 },
          unit: "microseconds",
          ...summary(cached),
          details: [],
          note
        },
        {
          name: "device new",
          title: "device from a new user agent",
          target: { atMost: 40 },
          unit: "microseconds",
          ...summary(parsed),
          details: [],
          note
        }
      ] satisfies ReadonlyArray<Measured>
    }).pipe(Effect.provide(DeviceEnricherUaParser.layer()), Effect.runPromise)
}

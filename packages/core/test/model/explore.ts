/** Explores interleavings by the seeds of their worlds. */
import { Effect } from "effect"
import { Dice } from "./Dice.ts"
import { Scenario } from "./Scenario.ts"
import { type Rules, World } from "./World.ts"

type Start = ConstructorParameters<typeof World>[2]

/** So many scenarios share one world, one after the other, as starting the processes costs more than a scenario. */
const perWorld = 250

/** How many interleavings are explored by default; `SOJOURN_MODEL_RUNS` sets another number, say for a long night. */
const runs = Number(process.env.SOJOURN_MODEL_RUNS ?? 1_000_000)
/** The first seed; `SOJOURN_MODEL_SEED` sets another one, as that of a failure. */
const firstSeed = Number(process.env.SOJOURN_MODEL_SEED ?? 1)

const rulesOf = (seed: number): Rules => {
  const dice = new Dice(seed ^ 0x5eed)
  return {
    fronts: Array.from({ length: 2 + dice.roll(3) }, () => dice.once(2)),
    graceMillis: dice.pick([0, 2_000, 30_000, 30_000]),
    idleMillis: dice.pick([undefined, 10_000, 60_000, 480_000]),
    limit: dice.pick([1, 2, 100, 100])
  }
}

/** What happened in the last of so many scenarios of a world. */
const replay = (start: Start, seed: number, last: number): ReadonlyArray<string> => {
  const world = new World(seed, rulesOf(seed), start)
  const told: Array<string> = [JSON.stringify(world.rules)]
  for (let number = 0; number < last; number++) new Scenario(world, number, () => {}).run()
  try {
    new Scenario(world, last, (line) => told.push(line)).run()
    told.push("It did not happen again.")
  } catch (error) {
    told.push(String(error))
  }
  return told
}

/** How many interleavings of the world keep all promises; the first that does not is told of, step by step. */
const exploreWorld = (start: Start, seed: number): number => {
  const { stackTraceLimit } = Error
  // Handlers fail all the time here, and nobody reads where.
  Error.stackTraceLimit = 0
  const world = new World(seed, rulesOf(seed), start)
  let number = 0
  try {
    for (; number < perWorld; number++) new Scenario(world, number, () => {}).run()
    return number
  } catch (error) {
    throw new Error(`Seed ${seed}, interleaving ${number}: ${error}\n${replay(start, seed, number).join("\n")}`, {
      cause: error
    })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Explores a share of the interleavings, the part `part` of `parts`; how many. Lets others breathe between worlds. */
export const explore = Effect.fnUntraced(function*(start: Start, share: number, part: number, parts: number) {
  const worlds = Math.ceil((runs * share) / parts / perWorld)
  let explored = 0
  for (let world = 0; world < worlds; world++) {
    explored += yield* Effect.sync(() => exploreWorld(start, firstSeed + world * parts + part))
    yield* Effect.sleep("1 millis")
  }
  return { explored, expected: worlds * perWorld }
})

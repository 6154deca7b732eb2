/** Create-session, the full path: enrichment, limit, commit, cache, events. */
import { fibers, type Figures, load, promises } from "../Load.ts"
import { logins } from "../Logins.ts"
import { openBare } from "../opponents/bare.ts"
import { openSequential } from "../opponents/sequential.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { atTheLimit, type Seed, seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"

interface Case {
  readonly label: string
  readonly seed: Seed
  /** At least so many times the port's throughput, by concurrency. */
  readonly targets: ReadonlyArray<readonly [concurrency: number, atLeast: number]>
}

const evicting: Case = {
  label: "evicting",
  seed: atTheLimit,
  targets: [[64, 7], [16, 4], [1, 2.3]]
}

const notEvicting: Case = {
  label: "not evicting",
  seed: { users: 20_000, maxSessions: 1_000, sessions: 1 },
  targets: [[64, 4.5], [16, 3.5], [1, 1.6]]
}

/** For each side, at 64 at once: the code of both runs for the first time. Half of it in quick mode. */
const warmUpMillis = 4_000

/** `warmUp`: what part of a side's time to warm up it gets. */
export const times = (mode: Mode) =>
  mode === "full" ? { count: 7, millis: 1_000, warmUp: 1 } : { count: 5, millis: 250, warmUp: 0.5 }

const note =
  "Both end the oldest session at the limit and write the same sessions and events. The port checks the limit " +
  "without holding it, one commit a statement; Sojourn holds it, in one commit. The bare program, of the full mode, sends what " +
  "Sojourn sends, and does nothing else."

const atMost = (
  name: string,
  title: string,
  of: ReturnType<typeof ratio>,
  limit: number
): Measured => ({ name, title, target: { atMost: limit }, unit: "ratio", ...of, details: [] })

const againstSequential = async (env: BenchEnv, mode: Mode, { label, seed, targets }: Case) => {
  const { count, millis, warmUp } = times(mode)
  const sojourn = await openSojourn(env, await seeded(env, seed))
  const sequential = await openSequential(env, await seeded(env, seed))
  // The limit takes time that quick mode has not.
  const bare = mode === "full" ? openBare(env, await seeded(env, seed)) : undefined
  const [next, nextBare] = [logins(seed.users), logins(seed.users)]
  const drives = {
    Sojourn: fibers(sojourn.context, createNext(logins(seed.users))),
    "sequential port": promises(() => sequential.create(next())),
    ...bare === undefined ? {} : { "bare program": promises(() => bare.create(nextBare())) }
  }
  const measured: Array<Measured> = []
  for (const [concurrency, atLeast] of targets) {
    const sides = Object.entries(drives).map(([name, drive]) => ({
      name,
      round: (): Promise<Figures> => load(env, drive, concurrency, millis)
    }))
    const results = await rounds(sides, count, concurrency === 64 ? warmUp * warmUpMillis : 0)
    const compare = (figure: keyof Figures) => ratio(results, "Sojourn", "sequential port", figure)
    const name = `create ${concurrency} ${label}`
    measured.push({
      name,
      title: `create, ${concurrency} at once, ${label}: throughput against the sequential port`,
      target: { atLeast },
      unit: "ratio",
      ...compare("perSecond"),
      details: details(results),
      note
    })
    if (results.has("bare program")) {
      measured.push({
        name: `${name} bare`,
        title: `create, ${concurrency} at once, ${label}: what a bare program reaches against the sequential port`,
        unit: "ratio",
        ...ratio(results, "bare program", "sequential port", "perSecond"),
        details: []
      })
    }
    if (concurrency === 64) {
      const against = `create, 64 at once, ${label}`
      measured.push(
        atMost(`${name} p99`, `${against}: p99 against the sequential port's`, compare("p99"), 0.35),
        atMost(
          `${name} PostgreSQL CPU`,
          `${against}: PostgreSQL CPU against the sequential port's`,
          compare("postgresMicros"),
          0.15
        ),
        atMost(`${name} Node CPU`, `${against}: Node CPU against the sequential port's`, compare("nodeMicros"), 0.15)
      )
    }
  }
  await sojourn.close()
  await sequential.close()
  await bare?.close()
  return measured
}

export const create: Scenario = {
  name: "create",
  run: (env, mode) => againstSequential(env, mode, evicting)
}

/** Apart, as an application has one Sojourn: of a second one V8 compiles all anew, and for seconds. */
export const createWithRoom: Scenario = {
  name: "createWithRoom",
  run: (env, mode) => againstSequential(env, mode, notEvicting)
}

/** Create-session beside that of better-auth. */
import { fibers, load, promises } from "../Load.ts"
import { logins } from "../Logins.ts"
import { openBetterAuth } from "../opponents/betterAuth.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { atTheLimit, seeded } from "../Seed.ts"
import { createNext, openSojourn } from "../SojournSide.ts"
import { times } from "./create.ts"

/** For each side, as its code runs for the first time; half of it in quick mode. */
const warmUpMillis = 2_000

const measure = async (env: BenchEnv, mode: Mode): Promise<Measured> => {
  const { count, millis, warmUp } = times(mode)
  const sojourn = await openSojourn(env, await seeded(env, atTheLimit))
  const create = fibers(sojourn.context, createNext(logins(atTheLimit.users)))
  const peer = async (kind: Parameters<typeof openBetterAuth>[1]) => {
    const auth = await openBetterAuth(env, kind, atTheLimit.users)
    const next = logins(atTheLimit.users)
    const drive = promises(() => auth.create(next()))
    return { close: auth.close, name: `better-auth, ${kind}`, round: () => load(env, drive, 64, millis) }
  }
  const both = await peer("PostgreSQL + Redis")
  const results = await rounds(
    [{ name: "Sojourn", round: () => load(env, create, 64, millis) }, both],
    count,
    warmUp * warmUpMillis
  )
  const others = [await peer("Redis"), await peer("PostgreSQL")]
  const alone = await rounds(others, count, warmUp * warmUpMillis)
  await sojourn.close()
  await Promise.all([both, ...others].map(({ close }) => close()))
  return {
    name: "create 64 better-auth",
    title: "create, 64 at once, evicting: throughput against better-auth with PostgreSQL and Redis",
    target: { atLeast: 4 },
    unit: "ratio",
    ...ratio(results, "Sojourn", both.name, "perSecond"),
    details: [...details(results), ...details(alone)],
    note: "better-auth enforces no limit, writes no events and tells no device or place. Its createSession alone is " +
      "measured, without its endpoint. The other two, measured after it, keep sessions in one store alone; Redis is its " +
      "default with a secondary storage."
  }
}

export const createBetterAuth: Scenario = {
  name: "createBetterAuth",
  run: async (env, mode) => [await measure(env, mode)]
}

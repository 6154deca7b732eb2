/** The PostgreSQL part of create-session against PostgreSQL's own benchmark. */
import {
  Device,
  hashSecret,
  IpAddress,
  Location,
  Session,
  SessionId,
  SessionPolicy,
  SessionRepo,
  UserAgent,
  UserId
} from "@sojourn/core"
import { DateTime, Effect, Option } from "effect"
import { SecureRandom } from "effect/crypto"
import { cost } from "../Cost.ts"
import { fibers, type Figures, load, perOperation } from "../Load.ts"
import { logins } from "../Logins.ts"
import { openPgbench } from "../opponents/pgbench.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { Scenario } from "../Scenario.ts"
import { atTheLimit, seeded } from "../Seed.ts"
import { openSojourn } from "../SojournSide.ts"

const device = Device.make({
  name: "Chrome on macOS",
  kind: "desktop",
  browser: Option.some("Chrome"),
  browserVersion: Option.some("148.0.0.0"),
  system: Option.some("macOS"),
  systemVersion: Option.some("10.15.7")
})
const location = Location.make({ country: "DE" })

/** Makes a candidate as the handler does, and admits it. */
const admitOne = () => {
  const next = logins(atTheLimit.users)
  return Effect.gen(function*() {
    const repo = yield* SessionRepo
    const random = yield* SecureRandom.SecureRandom
    const login = next()
    const now = yield* DateTime.now
    const ipAddress = Option.some(IpAddress.make(login.ipAddress))
    const session = Session.make({
      id: SessionId.make(yield* random.uuidV7()),
      userId: UserId.make(login.userId),
      device: Option.some(device),
      location: Option.some(location),
      ipAddress,
      lastIpAddress: ipAddress,
      userAgent: Option.some(UserAgent.make(login.userAgent)),
      createdAt: now,
      lastActivityAt: now,
      expiresAt: DateTime.addDuration(now, "30 days")
    })
    const secretHash = yield* hashSecret(yield* random.randomBytes(32))
    return yield* repo.admit({ session, secretHash }, yield* SessionPolicy)
  })
}

export const admit: Scenario = {
  name: "admit",
  run: async (env, mode) => {
    const pgbench = await openPgbench(await seeded(env, atTheLimit), atTheLimit.users)
    if (pgbench === undefined) return []
    const sojourn = await openSojourn(env, await seeded(env, atTheLimit))
    const drive = fibers(sojourn.context, admitOne())
    const seconds = mode === "full" ? 2 : 1
    const limit = async (): Promise<Figures> => {
      const since = await cost(env)
      const { perSecond, transactions: operations } = await pgbench.run(mode === "full" ? 4 : 1, seconds)
      const used = await since()
      return {
        operations,
        perSecond,
        p50: Number.NaN,
        p90: Number.NaN,
        p99: Number.NaN,
        // Of another process: what it used and sent is not ours to see.
        ...perOperation(
          {
            ...used,
            nodeMicros: NaN,
            redisMicros: NaN,
            redisCommands: NaN,
            roundTrips: NaN,
            statements: NaN,
            bytes: NaN
          },
          operations
        )
      }
    }
    const results = await rounds([
      { name: "SessionRepo.admit", round: () => load(env, drive, 64, seconds * 1000) },
      { name: "pgbench", round: limit, isCold: true }
    ], mode === "full" ? 7 : 5)
    await sojourn.close()
    await pgbench.close()
    return [{
      name: "admit 64",
      title: "SessionRepo.admit, 64 at once, evicting: throughput against pgbench of the single statement",
      target: { atLeast: 2 },
      unit: "ratio",
      ...ratio(results, "SessionRepo.admit", "pgbench", "perSecond"),
      details: details(results),
      note:
        "pgbench sends the same statement for one login at a time, prepared, over 64 connections, and its best second " +
        "counts, once all have started; its costs include the start. Sojourn gathers the logins that wait."
    }]
  }
}

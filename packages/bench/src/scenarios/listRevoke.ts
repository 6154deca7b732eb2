/** What a user does with their sessions: look at them, and end one. */
import { Actor, ListSessions, listSessions, RevokeSession, revokeSession, SessionId, UserId } from "@sojourn/core"
import { Effect, Option } from "effect"
import { Client } from "pg"
import { fibers, load, promises } from "../Load.ts"
import { logins } from "../Logins.ts"
import { openSequential } from "../opponents/sequential.ts"
import { details, ratio, rounds } from "../Rounds.ts"
import type { Scenario } from "../Scenario.ts"
import { type Seed, seeded } from "../Seed.ts"
import { openSojourn } from "../SojournSide.ts"

interface Owned {
  readonly id: string
  readonly user_id: string
}

/** All sessions in random order, each given out once. */
const active = async (url: string): Promise<() => Owned> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Owned>("SELECT id, user_id FROM sojourn.sessions ORDER BY md5(id::text)")
  await client.end()
  return () => {
    const next = rows.pop()
    if (next === undefined) throw new Error("No session is left to revoke; the scenario needs more")
    return next
  }
}

/** For each side: the code of lists has not run before. */
const warmUpMillis = 2_000

export const listRevoke: Scenario = {
  name: "listRevoke",
  run: async (env, mode) => {
    const { count, millis, users } = mode === "full"
      ? { count: 7, millis: 800, users: 60_000 }
      : { count: 5, millis: 250, users: 8_000 }
    const seed: Seed = { users, maxSessions: 5, sessions: 5 }
    const urls = [await seeded(env, seed), await seeded(env, seed)] as const
    const sojourn = await openSojourn(env, urls[0])
    const sequential = await openSequential(env, urls[1])
    const next = { sojourn: logins(users), sequential: logins(users) }
    const left = { sojourn: await active(urls[0]), sequential: await active(urls[1]) }

    const listed = await rounds(
      [
        {
          name: "Sojourn",
          round: () =>
            load(
              env,
              fibers(
                sojourn.context,
                Effect.suspend(() => listSessions(ListSessions.make({ userId: UserId.make(next.sojourn().userId) })))
              ),
              64,
              millis
            )
        },
        {
          name: "sequential port",
          round: () => load(env, promises(() => sequential.list(next.sequential().userId)), 64, millis)
        }
      ],
      count,
      warmUpMillis
    )

    const revoke = Effect.suspend(() => {
      const { id, user_id } = left.sojourn()
      const owner = Option.some(UserId.make(user_id))
      return revokeSession(RevokeSession.make({
        sessionId: SessionId.make(id),
        owner,
        actor: Actor.make({ kind: "user", id: owner })
      }))
    })
    const revoked = await rounds([
      { name: "Sojourn", round: () => load(env, fibers(sojourn.context, revoke), 64, millis) },
      {
        name: "sequential port",
        round: () =>
          load(
            env,
            promises(() => {
              const { id, user_id } = left.sequential()
              return sequential.revoke(id, user_id)
            }),
            64,
            millis
          )
      }
    ], count)
    await sojourn.close()
    await sequential.close()

    return [
      {
        name: "list 64",
        title: "list, 64 at once, 5 sessions each: throughput against the sequential port",
        target: { atLeast: 1.3 },
        unit: "ratio",
        ...ratio(listed, "Sojourn", "sequential port", "perSecond"),
        details: details(listed),
        note:
          "Both give a page and how many sessions there are and are active. The port gives rows as `pg` reads them; " +
          "Sojourn decodes and checks them."
      },
      {
        name: "revoke 64",
        title: "revoke, 64 at once: throughput against the sequential port",
        target: { atLeast: 1.5 },
        unit: "ratio",
        ...ratio(revoked, "Sojourn", "sequential port", "perSecond"),
        details: details(revoked),
        note:
          "Both check the owner, write the row and the event, remove the session from the cache and tell the others."
      }
    ]
  }
}

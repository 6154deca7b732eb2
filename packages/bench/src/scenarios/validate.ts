/** Validate a token: through Redis, and with the session in the front cache. */
import { validateSession } from "@sojourn/core"
import { RedisClient, SessionCacheRedis } from "@sojourn/redis"
import { Context, Effect, Layer, Redacted, Tracer } from "effect"
import { Redis } from "ioredis"
import { type Drive, fibers, load, promises } from "../Load.ts"
import { userIdOf } from "../Logins.ts"
import { openBetterAuth } from "../opponents/betterAuth.ts"
import { openExpressSession } from "../opponents/expressSession.ts"
import { openLucia } from "../opponents/lucia.ts"
import { details, ratio, type Results, rounds, type Side } from "../Rounds.ts"
import type { BenchEnv, Measured, Mode, Scenario } from "../Scenario.ts"
import { seeded } from "../Seed.ts"
import { createAs, loginAs, open, openSojourn } from "../SojournSide.ts"

/** Users with one session each, which are validated in turn. */
const users = 2_000
const concurrency = 64

/** Shorter than the five seconds for which the front cache keeps a session. */
const times = (mode: Mode) => mode === "full" ? { count: 7, millis: 800 } : { count: 5, millis: 200 }

const everybody = Array.from({ length: users }, (_, nth) => nth)

const inTurn = <A>(all: ReadonlyArray<A>) => {
  let nth = 0
  return () => all[nth++ % all.length]!
}

const forAll = async <A>(of: (nth: number) => Promise<A>): Promise<ReadonlyArray<A>> => {
  const results: Array<A> = []
  for (let from = 0; from < users; from += concurrency) {
    results.push(...await Promise.all(everybody.slice(from, from + concurrency).map(of)))
  }
  return results
}

/** Sends its spans nowhere, but nobody knows. */
const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

/** Everybody signed in, and three ways to validate: with the front cache, without it, and that inside a span. */
const openValidation = async (env: BenchEnv) => {
  const prefix = env.freshPrefix()
  const sojourn = await openSojourn(env, await seeded(env, { users, maxSessions: 5, sessions: 0 }), prefix)
  const shared = await open(
    SessionCacheRedis.layer({ prefix }).pipe(Layer.provide(RedisClient.layerUrl(Redacted.make(env.redisUrl))))
  )
  const created = await Effect.runPromiseWith(sojourn.context)(
    Effect.forEach(everybody, (nth) => createAs(loginAs(userIdOf(nth))), { concurrency })
  )
  const next = inTurn(created.map(({ token }) => token))
  const validate = Effect.suspend(() => validateSession(next()))
  const side = (name: string, context: typeof sojourn.context, operation: typeof validate) =>
  (
    env: BenchEnv,
    millis: number
  ): Side => ({
    name,
    // What is not cached any more is read from the store and cached again.
    prepare: () =>
      Effect.runPromiseWith(context)(
        Effect.forEach(created, ({ token }) => validateSession(token), { concurrency, discard: true })
      ),
    round: () => load(env, fibers(context, operation), concurrency, millis)
  })
  const withoutFront = Context.merge(sojourn.context, shared.context)
  return {
    close: () => Promise.all([sojourn.close(), shared.close()]),
    front: side("Sojourn, front cache", sojourn.context, validate),
    redis: side("Sojourn, Redis", withoutFront, validate),
    spans: side(
      "Sojourn, Redis, with spans",
      Context.add(withoutFront, Tracer.Tracer, tracer),
      Effect.withSpan(validate, "validate")
    )
  }
}

/** Values as long as Sojourn's own. */
const openRawGet = async (env: BenchEnv) => {
  const redis = new Redis(env.redisUrl, { enableAutoPipelining: true })
  const prefix = env.freshPrefix()
  const keys = everybody.map((nth) => `${prefix}:${userIdOf(nth)}`)
  await Promise.all(keys.map((key) => redis.set(key, "v".repeat(105))))
  const next = inTurn(keys)
  return { close: () => redis.disconnect(), drive: promises(() => redis.get(next())) }
}

/** Were a session not accepted, the speed would mean nothing. */
const accepted = (validation: () => Promise<unknown>): Drive =>
  promises(async () => {
    const answer = await validation()
    if (answer === null || answer === undefined) throw new Error("A session was not accepted")
  })

const line = (
  results: Results,
  side: string,
  to: string,
  atLeast: number | undefined,
  more: { readonly details?: Results; readonly note?: string } = {}
): Measured => ({
  name: `validate ${side} / ${to}`,
  title: `validate, ${concurrency} at once: ${side}, against ${to}`,
  ...atLeast === undefined ? {} : { target: { atLeast } },
  unit: "ratio",
  ...ratio(results, side, to, "perSecond"),
  details: more.details === undefined ? [] : details(more.details),
  ...more.note === undefined ? {} : { note: more.note }
})

export const validate: Scenario = {
  name: "validate",
  run: async (env, mode) => {
    const { count, millis } = times(mode)
    const sojourn = await openValidation(env)
    const raw = await openRawGet(env)
    const peer = (name: string, drive: Drive): Side => ({ name, round: () => load(env, drive, concurrency, millis) })
    const throughRedis = await rounds([
      sojourn.redis(env, millis),
      peer("raw GET", raw.drive),
      sojourn.spans(env, millis)
    ], count)

    const auth = await openBetterAuth(env, "PostgreSQL + Redis", users)
    const authDatabase = await openBetterAuth(env, "PostgreSQL", users)
    const express = await openExpressSession(env)
    const lucia = await openLucia(env, users)
    const signIn = async (of: typeof auth) => {
      const tokens = await forAll(async (nth) => (await of.create(loginAs(userIdOf(nth)))).token)
      return { token: inTurn(tokens), headers: inTurn(await Promise.all(tokens.map(of.headersOf))) }
    }
    const inBoth = await signIn(auth)
    const inDatabase = await signIn(authDatabase)
    const cookie = inTurn(await forAll((nth) => express.signIn(userIdOf(nth))))
    const luciaToken = inTurn(everybody.map(lucia.tokenOf))
    const front = await rounds([
      sojourn.front(env, millis),
      peer("better-auth getSession", accepted(() => auth.getSession(inBoth.headers()))),
      peer("better-auth findSession", accepted(() => auth.findSession(inBoth.token()))),
      peer("better-auth getSession, PostgreSQL alone", accepted(() => authDatabase.getSession(inDatabase.headers()))),
      peer("express-session, connect-redis", accepted(() => express.validate(cookie()))),
      peer("Lucia's query", accepted(() => lucia.validate(luciaToken(), false))),
      peer("Lucia's pair of queries", accepted(() => lucia.validate(luciaToken(), true)))
    ], count)
    await Promise.all([sojourn, raw, auth, authDatabase, express, lucia].map((side) => side.close()))

    const inFront = "Sojourn, front cache"
    return [
      line(throughRedis, "Sojourn, Redis", "raw GET", 0.5, {
        details: throughRedis,
        note:
          "The raw side only reads; Sojourn takes the token apart, hashes its secret, decodes the entry, compares " +
          "and judges."
      }),
      line(throughRedis, "Sojourn, Redis, with spans", "raw GET", 0.35),
      line(front, inFront, "better-auth getSession", 50, {
        details: front,
        note: "better-auth reads from Redis here, with its cookie cache off, as an ended session must end. Sojourn's " +
          "front cache hears of endings within milliseconds, and keeps a session for at most 5 seconds."
      }),
      line(front, inFront, "better-auth findSession", 20),
      ...[
        "better-auth getSession, PostgreSQL alone",
        "express-session, connect-redis",
        "Lucia's query",
        "Lucia's pair of queries"
      ].map((name) => line(front, inFront, name, undefined))
    ]
  }
}

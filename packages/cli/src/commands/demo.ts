/** `sojourn demo`: the story of a user and their sessions, for a newcomer. */
import {
  CreateSession,
  createSession,
  ListSessions,
  listSessions,
  putUser,
  readEvents,
  User,
  UserId
} from "@sojourn/core"
import { Console, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { Command } from "effect/cli"
import { layerReady } from "../enrichers.ts"
import { Json } from "../options.ts"
import { print, style } from "../output.ts"
import { CreateResult, toResult } from "./create.ts"
import { EventLine, eventText } from "./events.ts"
import { ListResult, sessionTable, toItem } from "./list.ts"
import { endSession, RevokeResult } from "./revoke.ts"
import { PutUserResult } from "./users.ts"
import { examine, ValidateResult, validateText } from "./validate.ts"

/** Everything that the demo does, as the other commands would print it. `validated`: each login's token, at the end. */
export const DemoResult = Schema.Struct({
  user: PutUserResult,
  logins: Schema.Array(CreateResult),
  sessions: ListResult.fields.sessions,
  total: ListResult.fields.total,
  active: ListResult.fields.active,
  revoked: RevokeResult,
  validated: Schema.Array(ValidateResult),
  events: Schema.Array(EventLine)
})

/** Real user agents, and public addresses of name servers and registries. */
const logins = [
  {
    story: "on the laptop at home",
    ip: "8.8.8.8",
    userAgent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
  },
  {
    story: "on the phone, abroad",
    ip: "193.0.6.139",
    userAgent:
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
  },
  {
    story: "on a desktop at the office",
    ip: "202.12.27.33",
    userAgent: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
  }
]

const alice = User.make({ id: UserId.make("alice") })

const embedded = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("sojourn")),
    ({ Sojourn }) => Layer.provideMerge(layerReady, Sojourn.layerEmbedded({ sweepEvery: "never" }))
  )
)

const story = Effect.gen(function*() {
  const json = yield* Json
  const applied = yield* style
  const { bold, dim, green, yellow } = applied
  const say = (...lines: ReadonlyArray<string>) => json ? Effect.void : Console.log(lines.join("\n"))
  const command = (text: string) => `\n${dim("$")} ${bold(text)}`

  const { evicted, limit } = yield* putUser(alice)
  yield* say(command("sojourn users put alice"), `alice is on the plan ${alice.tier}: ${limit} sessions at once.`)

  const created = yield* Effect.forEach(logins, ({ ip, story, userAgent }) =>
    Effect.gen(function*() {
      const login = yield* createSession(CreateSession.make({
        userId: alice.id,
        ipAddress: Option.some(ip),
        userAgent: Option.some(userAgent)
      }))
      const result = toResult(login)
      yield* say(
        command(`sojourn create alice --ip ${ip} --user-agent "${userAgent.slice(0, 34)}…"`),
        `alice signs in ${story}: ${green(result.deviceInfo ?? "an unknown device")}, ${
          green(result.location ?? "an unknown place")
        }`,
        `session ${result.sessionId}, token ${result.token.slice(0, 12)}… ${dim("(shown once, kept nowhere)")}`,
        ...result.evicted.map((id) =>
          yellow(`That is one more than ${limit}, so the oldest session ended in the same commit: ${id}`)
        )
      )
      return result
    }))

  const listed = yield* listSessions(ListSessions.make({ userId: alice.id, all: true }))
  const sessions = listed.sessions.map(toItem)
  yield* say(command("sojourn list alice --all"), ...sessionTable(applied, sessions))

  const events = yield* Stream.runCollect(readEvents({ after: 0 }))
  yield* say(
    command("sojourn events"),
    ...events.map((event) => eventText(applied, event)),
    "",
    "Each event was written in the same commit as the change that it tells of."
  )

  const phone = created[1]!.sessionId
  const revoked = yield* endSession(phone, "security_concern")
  const validated = yield* Effect.forEach(created, ({ token }) => examine(Redacted.make(token)))
  const position = events.at(-1)?.position ?? 0
  const news = yield* Stream.runCollect(readEvents({ after: position }))
  yield* say(
    command(`sojourn revoke ${phone} --reason security_concern`),
    "The phone is lost, so its session ends. Its token is refused from now on; the others are what they were:",
    ...validated.flatMap((result, at) => [
      command(`sojourn validate ${dim(`(the token given ${logins[at]?.story})`)}`),
      validateText(applied, result)
    ]),
    command(`sojourn events --after ${position}`),
    ...news.map((event) => eventText(applied, event))
  )

  yield* print(DemoResult)({
    user: { userId: alice.id, tier: alice.tier, maxSessions: Option.getOrNull(alice.maxSessions), limit, evicted },
    logins: created,
    sessions,
    total: listed.total,
    active: listed.active,
    revoked,
    validated,
    events: [...events, ...news].map(({ event, position }) => ({ position, version: 1 as const, event }))
  }, () => ["", `Now with data that stays: ${bold("sojourn users put alice")}; see ${bold("sojourn --help")}`])
})

export const demo = Command.make(
  "demo",
  {},
  () =>
    Effect.gen(function*() {
      if (!(yield* Json)) {
        yield* Console.log(
          "Sojourn keeps who is signed in: from which device and place, for how long, how many at once."
        )
        yield* Console.log("This runs on a PostgreSQL inside this process, in memory; it starts in a moment…")
      }
      yield* Effect.provide(story, embedded)
    })
).pipe(
  Command.withShortDescription("See all of it in a few seconds, without any server"),
  Command.withDescription(
    "See all of it in a few seconds: a user signs in from three devices, the oldest session ends at the limit, " +
      "the events tell of it, and a lost phone is signed out. Runs in memory; no server is needed and nothing is kept."
  ),
  Command.withExamples([{ command: "sojourn demo", description: "The story, told" }])
)

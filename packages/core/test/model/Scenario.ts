/** A handful of operations of two to four clients on one or two sessions of a user, in an order that the dice choose. */
import { Actor, Session, SessionId, UserId } from "@sojourn/core"
import { DateTime, Duration, Option } from "effect"
import type { Operation } from "./Operation.ts"
import { BrokenPromise } from "./Promises.ts"
import { changed } from "./StoreModel.ts"
import type { Outcome, Token, World } from "./World.ts"

export const userId = UserId.make("alice")
export const actor = Actor.make({ kind: "user" })
const dayMillis = 86_400_000
export const template = Session.make({
  id: SessionId.make("00000000-0000-7000-8000-000000000000"),
  userId,
  createdAt: DateTime.makeUnsafe(0),
  lastActivityAt: DateTime.makeUnsafe(0),
  expiresAt: DateTime.makeUnsafe(dayMillis)
})

const names: ReadonlyArray<Operation["name"]> = [
  "validate",
  "validate",
  "validate",
  "touch",
  "touch",
  "rotate",
  "rotate",
  "revoke",
  "revokeAll",
  "sweep",
  "create"
]
/** Many validations around few changes. */
const narrow: ReadonlyArray<Operation["name"]> = [
  "validate",
  "validate",
  "validate",
  "validate",
  "touch",
  "rotate",
  "revoke",
  "revoke"
]

/** Time passes in these steps: around the flush of activities, the front cache's, the grace and the staleness bound. */
const pauses = [1, 1, 1, 1, 2, 300, 1_000, 1_000, 3_000, 5_000, 19_000, 30_000, 56_000]

interface Client {
  readonly process: number
  readonly todo: Array<Operation["name"]>
  isBusy: boolean
}

export class Scenario {
  private readonly world: World
  private readonly number: number
  private readonly tell: (line: string) => void
  private readonly tokens: Array<Token> = []
  private readonly clients: ReadonlyArray<Client>
  /** Whether time mostly stands still. */
  private readonly isCalm: boolean
  /** 0: whatever travels arrives in any order; 1: mostly the latest first, so that some are very late; 2: in order. */
  private readonly haste: number
  private broken: BrokenPromise | undefined

  constructor(world: World, number: number, tell: (line: string) => void) {
    this.world = world
    this.number = number
    this.tell = tell
    const { dice, processes } = world
    world.faults = dice.once(4) ? 3 : 0
    const isNarrow = dice.once(2)
    this.isCalm = dice.once(2)
    this.haste = dice.roll(3)
    for (let session = isNarrow ? 0 : dice.roll(2); session >= 0; session--) this.seed(session)
    const among = isNarrow ? Math.min(2, processes.length) : processes.length
    this.clients = Array.from({ length: 2 + dice.roll(3) }, () => ({
      process: dice.roll(among),
      todo: [],
      isBusy: false
    }))
    for (let left = 3 + dice.roll(6); left > 0; left--) {
      dice.pick(this.clients).todo.push(dice.pick(isNarrow ? narrow : names))
    }
  }

  /** A session that was there before, not so long ago. */
  private seed(at: number) {
    const { dice, machine, processes, rules, store } = this.world
    const sessionId = SessionId.make(
      `00000000-${this.number.toString(16).padStart(4, "0")}-7000-8000-00000000000${at}`
    )
    const idle = rules.idleMillis ?? 90_000
    const session = changed(template, {
      id: sessionId,
      createdAt: DateTime.makeUnsafe(machine.time - idle),
      lastActivityAt: DateTime.makeUnsafe(machine.time - dice.roll(idle)),
      expiresAt: DateTime.makeUnsafe(machine.time + (dice.once(8) ? 20_000 : dayMillis)),
      idleTimeout: Option.map(Option.fromUndefinedOr(rules.idleMillis), Duration.millis)
    })
    const token = processes[0]!.mint(sessionId)
    store.rows.set(sessionId, { session, secrets: [token.secret], rotatedAt: undefined, salt: undefined })
    this.tokens.push(token)
  }

  /** Mostly one of the latest tokens, sometimes an older one. */
  private token(): Token {
    const { dice } = this.world
    const latest = dice.once(3) ? undefined : this.tokens.at(-1 - dice.roll(2))
    return latest ?? dice.pick(this.tokens)
  }

  private begin(client: Client) {
    const { dice, machine, processes, store } = this.world
    const { process } = client
    const name = client.todo.shift()!
    const token = this.token()
    const { secrets, session } = store.rows.get(token.sessionId)!
    const except = name === "revokeAll" && dice.once(2) ? token.sessionId : undefined
    const operation: Operation = {
      name,
      process,
      startedIn: this.world.step,
      startedAt: machine.time,
      sessionId: token.sessionId,
      secret: token.secret,
      activeUntil: session.activeUntil.epochMilliseconds,
      ends: new Set(),
      replaces: new Set()
    }
    const there = name === "revokeAll" ? [...store.rows.keys()].filter((id) => id !== except) : []
    this.tell(`process ${process}: ${name} of session ${token.sessionId}, secret ${secrets.indexOf(token.secret)}`)
    client.isBusy = true
    processes[process]!.call(operation, token, except, (outcome) => {
      client.isBusy = false
      this.tell(`process ${process}: ${name} ends, ${outcome.error ?? "well"}`)
      try {
        this.finish(operation, outcome, there)
      } catch (error) {
        this.broken ??= error instanceof BrokenPromise ? error : new BrokenPromise(String(error))
      }
    })
  }

  private finish(operation: Operation, { defect, error, given }: Outcome, there: ReadonlyArray<SessionId>) {
    const { promises, store } = this.world
    const { name } = operation
    if (defect !== undefined) throw defect
    if (error !== undefined) {
      if (name === "validate" || name === "touch" || name === "rotate") promises.refused(operation, error)
      else if (error !== "KeptSessionNotActive") throw new BrokenPromise(`${name} failed with ${error}`)
    } else {
      if (name === "validate" || name === "touch") promises.accepted(operation)
      for (const id of there) if (Option.isNone(store.rows.get(id)!.session.end)) promises.survived(id)
    }
    if (given !== undefined) {
      const { secrets } = store.rows.get(given.sessionId)!
      const secret = name === "rotate" ? secrets[secrets.indexOf(operation.secret!) + 1]! : secrets[0]!
      if (!this.tokens.some((held) => held.secret === secret)) this.tokens.push({ ...given, secret })
    }
    promises.returned(operation)
  }

  /** Lets one thing happen, whichever the dice say. */
  private next() {
    const { dice, inboxes, machine } = this.world
    this.world.step++
    if (machine.isBusy && !dice.once(4)) return machine.step()
    const waiting = this.clients.filter((client) => !client.isBusy && client.todo.length > 0)
    const telling = inboxes.filter((inbox) => inbox.length > 0)
    let choice = dice.roll(
      machine.travellers + waiting.length + telling.length + (dice.once(this.isCalm ? 16 : 4) ? 1 : 0)
    )
    if (choice < machine.travellers) return this.tell(`  ${machine.arrive(this.traveller(choice))}`)
    choice -= machine.travellers
    if (choice < waiting.length) return this.begin(waiting[choice]!)
    choice -= waiting.length
    if (choice < telling.length) return this.hear(inboxes.indexOf(telling[choice]!))
    this.pause(this.isCalm && !dice.once(4) ? 1 : dice.pick(pauses))
  }

  private traveller(at: number): number {
    const { dice, machine } = this.world
    if (this.haste === 0 || dice.once(4)) return at
    return this.haste === 1 ? machine.travellers - 1 : 0
  }

  private hear(at: number) {
    const { inboxes, machine, processes, promises } = this.world
    const news = inboxes[at]!.shift()!
    if (news === "cut") processes[at]!.hear([{ _tag: "Lost" }, { _tag: "Listening" }])
    else processes[at]!.hear([{ _tag: news._tag, sessionIds: news.sessionIds, at: machine.time }])
    machine.settle()
    if (news !== "cut") promises.heard(at, news)
    this.tell(`  process ${at} hears: ${news === "cut" ? "the channel was cut" : news._tag}`)
  }

  private pause(millis: number) {
    this.world.machine.advance(millis)
    this.tell(`  ${millis} ms pass`)
  }

  private get isOver() {
    return this.world.machine.travellers === 0 &&
      this.clients.every((client) => !client.isBusy && client.todo.length === 0)
  }

  /** Until nothing is under way any more. */
  run() {
    while (this.broken === undefined && !this.isOver) this.next()
    if (this.broken !== undefined) throw this.broken
    this.clear()
  }

  /** What is left over is let go, so that the next scenario finds the world as this one found it. */
  private clear() {
    const { inboxes, machine, processes, promises, redis, store } = this.world
    for (let flushes = 0; flushes < 2; flushes++) {
      machine.advance(1_001)
      machine.settle()
      while (machine.travellers > 0) {
        machine.arrive(0)
        machine.settle()
      }
    }
    for (const inbox of inboxes) inbox.length = 0
    for (const { hear } of processes) hear([{ _tag: "Lost" }, { _tag: "Listening" }])
    machine.settle()
    machine.advance(1)
    promises.clear()
    redis.clear()
    store.rows.clear()
  }
}

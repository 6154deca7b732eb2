/** A few processes, one store and one shared cache. */
import type { CacheInvalidation, SecretHash, SessionId, SessionToken } from "@sojourn/core"
import { Dice } from "./Dice.ts"
import { Machine } from "./Machine.ts"
import type { Operation } from "./Operation.ts"
import { Promises } from "./Promises.ts"
import { RedisModel } from "./RedisModel.ts"
import { type News, Servers } from "./Servers.ts"
import { StoreModel } from "./StoreModel.ts"

export interface Rules {
  /** For each process: whether it has a front cache. */
  readonly fronts: ReadonlyArray<boolean>
  readonly graceMillis: number
  readonly idleMillis: number | undefined
  readonly limit: number
}

export const frontMillis = 5_000
export const sharedMillis = 55_000
const epoch = Date.UTC(2026, 0, 1)

/** What clients hold. */
export interface Token {
  readonly sessionId: SessionId
  readonly secret: SecretHash
  readonly token: SessionToken
}

/** How an operation ended: with the name of its error, or well; `defect` is what nobody expected. */
export interface Outcome {
  readonly error?: string
  readonly defect?: unknown
  /** The session and the token that it gave. */
  readonly given?: { readonly sessionId: SessionId; readonly token: SessionToken }
}

/** One process of the application. */
export interface Process {
  /** A first token of a session that was there before. */
  readonly mint: (sessionId: SessionId) => Token
  readonly call: (
    operation: Operation,
    token: Token,
    except: SessionId | undefined,
    done: (outcome: Outcome) => void
  ) => void
  /** Its front cache hears these. */
  readonly hear: (messages: ReadonlyArray<CacheInvalidation>) => void
}

export class World extends Servers {
  readonly rules: Rules
  readonly processes: ReadonlyArray<Process>
  /** What the front cache of each process has not heard of yet. */
  readonly inboxes: ReadonlyArray<Array<News | "cut">>
  /** How often the driver has picked something. */
  step = 0

  constructor(seed: number, rules: Rules, start: (servers: Servers, rules: Rules, hasFront: boolean) => Process) {
    const machine = new Machine(epoch)
    const store = new StoreModel(rules.limit)
    const promises = new Promises(
      store,
      { graceMillis: rules.graceMillis, frontMillis, sharedMillis },
      (process) => rules.fronts[process] === true,
      () => this.faults > 0,
      () => ({ step: this.step, time: machine.time })
    )
    const redis = new RedisModel(() => machine.time, sharedMillis)
    super({ machine, dice: new Dice(seed), store, redis, promises }, (news) => {
      for (const [at, inbox] of this.inboxes.entries()) {
        if (rules.fronts[at] === true) inbox.push(this.goesWrong() ? "cut" : news)
      }
    })
    this.rules = rules
    this.inboxes = rules.fronts.map(() => [])
    this.processes = rules.fronts.map((hasFront) => start(this, rules, hasFront))
    for (const { hear } of this.processes) hear([{ _tag: "Listening" }])
    machine.settle()
    machine.advance(1)
  }
}

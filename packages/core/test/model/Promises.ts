/** What is promised of sessions, held against what is seen. It knows nothing of caches but how late they may be. */
import type { SecretHash, SessionId } from "@sojourn/core"
import { Option } from "effect"
import type { Operation } from "./Operation.ts"
import type { News } from "./Servers.ts"
import type { Row, StoreModel } from "./StoreModel.ts"

/** A moment: the number of the step, and the time. */
interface Moment {
  readonly step: number
  readonly time: number
}

/** How a session, or one of its secrets, came to be no longer good. */
interface Ending {
  /** From when on it is no longer good, by the clock of who ended it. */
  readonly since: number
  /** When that was committed. */
  readonly committed: number
  /** The shared cache learned of it. */
  told: Moment | undefined
  /** The operation that did so returned, in each process for the first time. */
  readonly returned: Map<number, Moment>
  /** A process without a part in it heard of it. */
  readonly heard: Map<number, Moment>
}

export interface Bounds {
  readonly graceMillis: number
  readonly frontMillis: number
  readonly sharedMillis: number
}

export class BrokenPromise extends Error {}

const firstOf = (moments: Map<number, Moment>): Moment | undefined => moments.values().next().value

export class Promises {
  private readonly sessions = new Map<SessionId, Ending>()
  private readonly secrets = new Map<SecretHash, Ending>()
  private readonly survivors = new Map<SessionId, Moment>()

  private readonly store: StoreModel
  private readonly bounds: Bounds
  private readonly hasFront: (process: number) => boolean
  private readonly mayFail: () => boolean
  private readonly now: () => Moment

  constructor(
    store: StoreModel,
    bounds: Bounds,
    hasFront: (process: number) => boolean,
    mayFail: () => boolean,
    now: () => Moment
  ) {
    this.store = store
    this.bounds = bounds
    this.hasFront = hasFront
    this.mayFail = mayFail
    this.now = now
  }

  private begin(since = this.now().time): Ending {
    return { since, committed: this.now().time, told: undefined, returned: new Map(), heard: new Map() }
  }

  private row(id: SessionId): Row {
    return this.store.rows.get(id)!
  }

  clear() {
    this.sessions.clear()
    this.secrets.clear()
    this.survivors.clear()
  }

  /** The store committed the end of a session. */
  ended(id: SessionId) {
    if (!this.sessions.has(id)) this.sessions.set(id, this.begin())
  }

  replaced(secret: SecretHash, since: number) {
    this.secrets.set(secret, this.begin(since))
  }

  /** The shared cache keeps late fills of the session out from now on. */
  fenced(id: SessionId) {
    const ending = this.sessions.get(id)
    if (ending !== undefined) ending.told ??= this.now()
  }

  /** The shared cache got a secret, which tells it that those before are out. */
  put(before: ReadonlyArray<SecretHash>) {
    for (const replaced of before) {
      const ending = this.secrets.get(replaced)
      if (ending !== undefined) ending.told ??= this.now()
    }
  }

  heard(process: number, news: News) {
    const endings = news._tag === "Ended"
      ? news.sessionIds.map((id) => this.sessions.get(id))
      : news.secrets.map((secret) => this.secrets.get(secret))
    for (const ending of endings) {
      if (ending !== undefined && !ending.heard.has(process)) ending.heard.set(process, this.now())
    }
  }

  returned({ ends, process, replaces }: Operation) {
    for (const id of ends) {
      const ending = this.sessions.get(id)
      if (ending !== undefined && !ending.returned.has(process)) ending.returned.set(process, this.now())
    }
    for (const secret of replaces) {
      const ending = this.secrets.get(secret)
      if (ending !== undefined && !ending.returned.has(process)) ending.returned.set(process, this.now())
    }
  }

  /** A session that a returned revoke-all should have ended. */
  survived(id: SessionId) {
    if (!this.survivors.has(id)) this.survivors.set(id, this.now())
  }

  /** How long after it ended a process may go on accepting, told or not. */
  private isExcused(operation: Operation, { committed, heard, returned, told }: Ending): boolean {
    const { process, startedAt, startedIn } = operation
    const before = (moment: Moment | undefined) => moment !== undefined && moment.step < startedIn
    const front = this.hasFront(process) && !before(returned.get(process)) ? this.bounds.frontMillis : 0
    if (told === undefined || !before(told)) {
      return this.mayFail() && startedAt < committed + this.bounds.sharedMillis + front
    }
    return !before(heard.get(process)) && startedAt < told.time + front
  }

  accepted(operation: Operation) {
    const { sessionId, startedAt, startedIn } = operation
    const id = sessionId!
    const before = (moment: Moment | undefined) => moment !== undefined && moment.step < startedIn
    if (before(this.survivors.get(id))) {
      throw new BrokenPromise(`${operation.name} accepted ${id}, which survived a revoke-all that had returned`)
    }
    const ending = this.sessions.get(id)
    if (ending !== undefined && before(firstOf(ending.returned)) && !this.isExcused(operation, ending)) {
      throw new BrokenPromise(`${operation.name} accepted ${id}, whose end had returned`)
    }
    const replaced = this.secrets.get(operation.secret!)
    if (replaced === undefined || !before(firstOf(replaced.returned))) return
    const graceOver = replaced.since + this.bounds.graceMillis
    if (startedAt >= graceOver && !this.isExcused(operation, { ...replaced, returned: new Map() })) {
      throw new BrokenPromise(`${operation.name} accepted a secret of ${id} that was replaced, after its grace`)
    }
  }

  /** Whether the presented secret is good now for whoever read the clock when the operation started. */
  private isGood({ secret, sessionId, startedAt }: Operation): boolean {
    const { rotatedAt, secrets } = this.row(sessionId!)
    return secret === secrets.at(-1) || (secret === secrets.at(-2) && rotatedAt !== undefined &&
      startedAt < rotatedAt.epochMilliseconds + this.bounds.graceMillis)
  }

  refused(operation: Operation, error: string) {
    const { session } = this.row(operation.sessionId!)
    const wasOver = operation.startedAt >= operation.activeUntil
    if (error === "SessionNotActive" && (wasOver || Option.isSome(session.end))) return
    throw new BrokenPromise(`${operation.name} refused ${session.id} with ${error}`)
  }

  /** A session is about to end because somebody used a secret that was replaced. */
  suspected(operation: Operation) {
    if (this.isGood(operation)) {
      throw new BrokenPromise(`${operation.name} ended ${operation.sessionId} for the reuse of a secret that is good`)
    }
  }
}

/** What PostgreSQL does with the rows of sessions, one statement at a time: every method is a commit. */
import {
  type Activity,
  type Credential,
  type Endings,
  type Rotation,
  type RotationOutcome,
  type RotationSalt,
  type SecretHash,
  Session,
  type SessionEnd,
  type SessionId
} from "@sojourn/core"
import { type DateTime, Duration, Option } from "effect"

/** A session and its secrets, the current one last. */
export interface Row {
  session: Session
  secrets: Array<SecretHash>
  /** When the secret before the current one was replaced, and how. */
  rotatedAt: DateTime.Utc | undefined
  salt: RotationSalt | undefined
}

/** As `Session.make({ ...session, ...changes })`, ten times as fast. */
export const changed = (session: Session, changes: Partial<Session>): Session =>
  Object.assign(Object.create(Session.prototype), session, changes)

const credential = (row: Row): Credential => {
  const [current, previous, ...retired] = row.secrets.toReversed()
  return {
    session: row.session,
    secretHash: current!,
    rotation: (row.secrets.length - 1) % 64,
    previous: previous === undefined || row.rotatedAt === undefined
      ? Option.none()
      : Option.some({ hash: previous, rotatedAt: row.rotatedAt }),
    retired
  }
}

export class StoreModel {
  readonly rows = new Map<SessionId, Row>()

  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  private end(row: Row, end: SessionEnd) {
    row.session = changed(row.session, { end: Option.some(end) })
  }

  private active(now: DateTime.Utc): ReadonlyArray<Row> {
    return [...this.rows.values()].filter((row) => row.session.isActive(now))
  }

  find(ids: ReadonlyArray<SessionId>): ReadonlyArray<Credential> {
    return ids.flatMap((id) => {
      const row = this.rows.get(id)
      return row === undefined ? [] : [credential(row)]
    })
  }

  admit(session: Session, secretHash: SecretHash, end: SessionEnd): ReadonlyArray<SessionId> {
    const active = this.active(session.createdAt)
    const victims = active.slice(0, Math.max(0, active.length + 1 - this.limit))
    for (const victim of victims) this.end(victim, end)
    this.rows.set(session.id, { session, secrets: [secretHash], rotatedAt: undefined, salt: undefined })
    return victims.map((victim) => victim.session.id)
  }

  /** Whether it had not ended before. */
  endOne(id: SessionId, end: SessionEnd): boolean {
    const row = this.rows.get(id)
    if (row === undefined || Option.isSome(row.session.end)) return false
    this.end(row, end)
    return true
  }

  /** Undefined: the one to keep is not active. */
  endAll(except: SessionId | undefined, end: SessionEnd): Pick<Endings, "ended" | "endedBefore"> | undefined {
    const active = this.active(end.at)
    if (except !== undefined && !active.some((row) => row.session.id === except)) return undefined
    // Also those that are idle: an activity from before, which has yet to be written, would bring them back.
    const victims = [...this.rows.values()].filter(({ session }) =>
      session.id !== except && Option.isNone(session.end) &&
      end.at.epochMilliseconds < session.expiresAt.epochMilliseconds
    )
    const endedBefore = [...this.rows.values()].filter(({ session }) =>
      Option.isSome(session.end) && session.end.value.at.epochMilliseconds > end.at.epochMilliseconds - 300_000
    ).map(({ session }) => session.id)
    for (const victim of victims) this.end(victim, end)
    return { ended: victims.map((victim) => victim.session.id), endedBefore }
  }

  rotate({ grace, next, now, presented, salt, sessionId }: Rotation): RotationOutcome {
    const row = this.rows.get(sessionId)
    if (row === undefined || !row.session.isActive(now)) {
      return { _tag: "NotActive", credential: Option.map(Option.fromUndefinedOr(row), credential) }
    }
    const [current, previous] = row.secrets.toReversed()
    if (current === presented) {
      row.secrets.push(next)
      row.rotatedAt = now
      row.salt = salt
      return { _tag: "Rotated", credential: credential(row), events: [] }
    }
    const isWithinGrace = row.rotatedAt !== undefined &&
      now.epochMilliseconds < row.rotatedAt.epochMilliseconds + Duration.toMillis(grace)
    return previous === presented && isWithinGrace
      ? { _tag: "AlreadyRotated", credential: credential(row), salt: row.salt! }
      : { _tag: "NotCurrent", credential: credential(row) }
  }

  touch(activities: ReadonlyArray<Activity>) {
    for (const { at, sessionId } of activities) {
      const row = this.rows.get(sessionId)
      if (row === undefined || !row.session.isActive(at)) continue
      if (at.epochMilliseconds < row.session.lastActivityAt.epochMilliseconds) continue
      row.session = changed(row.session, { lastActivityAt: at })
    }
  }

  /** The sessions that were due. */
  sweep(now: DateTime.Utc, end: (session: Session) => SessionEnd): ReadonlyArray<Session> {
    const due = [...this.rows.values()].filter(({ session }) => Option.isNone(session.end) && !session.isActive(now))
    for (const row of due) this.end(row, end(row.session))
    return due.map(({ session }) => session)
  }
}

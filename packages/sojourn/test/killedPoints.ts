/** Where `Killed.test.ts` kills a process. */

/** The nth operation of this name: before it, while it is under way, or when it has returned. */
export interface Point {
  readonly label: string
  readonly phase: "before" | "during" | "after"
  readonly nth: number
}

export interface Settings {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly prefix: string
  readonly point: Point
}

const labels = [
  // The commit of every change.
  "repo.admit",
  "repo.end",
  "repo.endAll",
  "repo.sweep",
  "repo.enforceLimit",
  "repo.erase",
  "credentials.rotate",
  "credentials.touch",
  "credentials.trust",
  "credentials.recordSuspicion",
  // A login in a transaction that its caller has not committed yet.
  "transaction",
  // What follows the commit.
  "cache.put",
  "cache.fence",
  "bus.publish",
  // The relay: the delivery, and its position.
  "sink.deliver",
  "relay.advance",
  "relay.hold"
]

const phases = ["before", "during", "after"] as const

/** 204 points. */
export const points: ReadonlyArray<Point> = [1, 2, 3, 4].flatMap((nth) =>
  labels.flatMap((label) => phases.map((phase) => ({ label, phase, nth })))
)

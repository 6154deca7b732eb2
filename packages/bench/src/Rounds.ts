/** Interleaved rounds: A B, B A, A B, …, so that what the machine does meanwhile falls on all sides alike. */
import { setTimeout } from "node:timers/promises"
import type { Figures } from "./Load.ts"

/** One of those who are compared. */
export interface Side {
  readonly name: string
  /** Before each of its rounds; not measured. */
  readonly prepare?: () => Promise<unknown>
  /** It begins anew with each of its rounds, so that there is nothing to warm up. */
  readonly isCold?: boolean
  readonly round: () => Promise<Figures>
}

/** The figures of each side, by name, one a round. */
export type Results = ReadonlyMap<string, ReadonlyArray<Figures>>

/** For what the round before left behind in sockets and servers. Garbage is not collected: that would undo compiled code. */
const pauseMillis = 30

/** Until the connections of all sides are open, and code that others have used before is compiled. */
export const unmeasured = 2

/**
 * Every side runs twice unmeasured, then `count` times. `warmUpMillis`: at least so long unmeasured, for sides whose code
 * has not run before: some seconds go by until V8 has compiled what they do for the last time, as in every server that starts.
 */
export const rounds = async (sides: ReadonlyArray<Side>, count: number, warmUpMillis = 0): Promise<Results> => {
  const results = new Map<string, Array<Figures>>(sides.map(({ name }) => [name, []]))
  const once = async (side: Side) => {
    await side.prepare?.()
    await setTimeout(pauseMillis)
    return side.round()
  }
  const warming = sides.filter(({ isCold }) => isCold !== true)
  const warmAt = performance.now() + warming.length * warmUpMillis
  for (let nth = 0; nth < unmeasured || performance.now() < warmAt; nth++) {
    for (const side of warming) await once(side)
  }
  for (let nth = 0; nth < count; nth++) {
    for (const side of nth % 2 === 0 ? sides : sides.toReversed()) results.get(side.name)!.push(await once(side))
  }
  return results
}

export interface Summary {
  readonly median: number
  readonly spread: readonly [number, number]
}

/** The median, and the least and the greatest. */
export const summary = (values: ReadonlyArray<number>): Summary => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, spread: [sorted[0]!, sorted.at(-1)!] }
}

/** A figure of one side by that of another, round by round. */
export const ratio = (results: Results, side: string, to: string, figure: keyof Figures): Summary => {
  const others = results.get(to)!
  return summary(results.get(side)!.map((figures, nth) => figures[figure] / others[nth]![figure]))
}

const rounded = (value: number) => Number(value.toPrecision(3))

/** A row a side: the medians of its rounds. */
export const details = (results: Results): ReadonlyArray<Record<string, string | number>> =>
  [...results].map(([side, figures]) => {
    const median = (figure: keyof Figures) => rounded(summary(figures.map((of) => of[figure])).median)
    return {
      side,
      "per second": Math.round(summary(figures.map((of) => of.perSecond)).median),
      "p50 ms": median("p50"),
      "p90 ms": median("p90"),
      "p99 ms": median("p99"),
      "Node µs": median("nodeMicros"),
      "PostgreSQL µs": median("postgresMicros"),
      "Redis µs": median("redisMicros"),
      "round trips": median("roundTrips"),
      statements: median("statements"),
      "Redis commands": median("redisCommands"),
      bytes: median("bytes"),
      "WAL bytes": median("walBytes")
    }
  })

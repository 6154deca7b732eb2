/** What a group of comparisons gets and gives. */

/** Where a run measures. Whatever is made here is removed with the run. */
export interface BenchEnv {
  /** A server on which databases may be created. */
  readonly postgresUrl: string
  readonly redisUrl: string
  /** The URL of an empty database. */
  readonly freshDatabase: () => Promise<string>
  /** What keys in Redis may begin with; no other keys do. */
  readonly freshPrefix: () => string
}

export type Mode = "quick" | "full"

/** One line of the table. */
export interface Measured {
  readonly name: string
  readonly title: string
  /** Absent where the figure is for information. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number }
  readonly unit: "ratio" | "bytes" | "microseconds" | "per second"
  readonly median: number
  /** The least and the greatest of the rounds. */
  readonly spread: readonly [number, number]
  /** Rows for the report: throughput, p99, CPU, statements and the like. */
  readonly details: ReadonlyArray<Record<string, string | number>>
  readonly note?: string
}

export interface Scenario {
  readonly name: string
  readonly run: (env: BenchEnv, mode: Mode) => Promise<ReadonlyArray<Measured>>
}

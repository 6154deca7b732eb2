/** How far a long command is, on standard error: a bar on a terminal, else a plain line when something has changed. */
import { Clock, Duration, Effect, Option, Stdio, Stream } from "effect"

/** What there is to say at a moment. */
export interface Progress {
  /** How much of the whole is done, from 0 to 1, where that is known. */
  readonly share: Option.Option<number>
  /** How many are done, and what was done with them, such as "signed in". */
  readonly count: number
  readonly done: string
  /** What else there is to say. */
  readonly more: ReadonlyArray<string>
}

export interface Options {
  /** The rate is that of the last so many seconds. Default: of the whole run. */
  readonly rateOver?: Duration.Duration | undefined
}

const barWidth = 24

/** A number as people read it. */
export const grouped = (value: number) => value.toLocaleString("en-US")

const text = ({ count, done, more, share }: Progress, rate: number | undefined, bar: boolean): string => {
  const portion = Option.match(share, {
    onNone: () => [],
    onSome: (share) => [
      ...(bar ? ["█".repeat(Math.round(share * barWidth)).padEnd(barWidth, "░")] : []),
      `${Math.floor(share * 100)} %`
    ]
  })
  const speed = rate === undefined ? [] : [`${grouped(Math.round(rate))} a second`]
  return [...portion, [`${grouped(count)} ${done}`, ...speed, ...more].join(", ")].join("  ")
}

/** How many a second, measured from one look to the next; unknown until time has passed. */
const meter = (start: bigint, rateOver: Duration.Duration) => {
  const samples = [{ at: start, count: 0 }]
  return (now: bigint, count: number): number | undefined => {
    const since = (at: bigint) => Duration.nanos(now - at)
    if (Duration.isFinite(rateOver)) samples.push({ at: now, count })
    while (samples[1] !== undefined && Duration.isGreaterThanOrEqualTo(since(samples[1].at), rateOver)) samples.shift()
    const [oldest = { at: now, count }] = samples
    const seconds = Duration.toSeconds(since(oldest.at))
    return seconds > 0 ? (count - oldest.count) / seconds : undefined
  }
}

/** Shows the progress while the effect runs, and once more when it is over. */
export const shown = (look: () => Progress, { rateOver = Duration.infinity }: Options = {}) =>
<A, E, R>(
  effect: Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const isTerminal = yield* stdio.stderrIsTerminal
    const rate = meter(yield* Clock.monotonicTimeNanos, rateOver)
    let latest = ""
    const show = Effect.fnUntraced(function*(end: string) {
      const progress = look()
      const line = text(progress, rate(yield* Clock.monotonicTimeNanos, progress.count), isTerminal)
      if (!isTerminal && line === latest) return
      latest = line
      yield* Stream.run(Stream.make(isTerminal ? `\r\u001b[2K${line}${end}` : `${line}\n`), stdio.stderr())
    }, (effect) => Effect.ignore(effect))
    const now = Effect.delay(show(""), isTerminal ? "100 millis" : "2 seconds")
    return yield* effect.pipe(
      Effect.raceFirst(Effect.forever(now)),
      Effect.ensuring(show("\n"))
    )
  })

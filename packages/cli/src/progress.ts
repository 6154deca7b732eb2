/** How far an import is, on standard error: a bar on a terminal, else a plain line now and then. */
import { Clock, Duration, Effect, Option, Stdio, Stream } from "effect"

/** Counted by the import, shown now and then. */
export interface Progress {
  readonly size: Option.Option<number>
  bytes: number
  created: number
  failed: number
}

/** Nothing done yet; `size` in bytes, where it is known. */
export const make = (size: Option.Option<number>): Progress => ({ size, bytes: 0, created: 0, failed: 0 })

const barWidth = 24

const count = (value: number) => value.toLocaleString("en-US")

const share = ({ bytes, size }: Progress) =>
  Option.map(Option.filter(size, (size) => size > 0), (size) => Math.min(1, bytes / size))

const text = (progress: Progress, seconds: number, bar: boolean): string => {
  const done = Option.match(share(progress), {
    onNone: () => [],
    onSome: (share) => [
      ...(bar ? ["█".repeat(Math.round(share * barWidth)).padEnd(barWidth, "░")] : []),
      `${Math.floor(share * 100)} %`
    ]
  })
  const rate = seconds > 0 ? `, ${count(Math.round(progress.created / seconds))} a second` : ""
  const failed = progress.failed > 0 ? `, ${count(progress.failed)} failed` : ""
  return [...done, `${count(progress.created)} signed in${rate}${failed}`].join("  ")
}

/** Shows the progress while the effect runs, and once more when it is over. */
export const shown = (progress: Progress) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const isTerminal = yield* stdio.stderrIsTerminal
    const start = yield* Clock.monotonicTimeNanos
    const show = Effect.fnUntraced(function*(end: string) {
      const seconds = Duration.toSeconds(Duration.nanos((yield* Clock.monotonicTimeNanos) - start))
      const line = text(progress, seconds, isTerminal)
      yield* Stream.run(Stream.make(isTerminal ? `\r\u001b[2K${line}${end}` : `${line}\n`), stdio.stderr())
    }, (effect) => Effect.ignore(effect))
    const now = Effect.delay(show(""), isTerminal ? "100 millis" : "2 seconds")
    return yield* effect.pipe(
      Effect.raceFirst(Effect.forever(now)),
      Effect.ensuring(show("\n"))
    )
  })

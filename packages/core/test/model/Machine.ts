/**
 * Runs fibers one step at a time. Nothing happens by itself: time stands still and whatever waits goes on only when the
 * driver says so, which makes a run a function of its seed.
 */
import { type Clock, Duration, Effect, type Scheduler } from "effect"

interface Traveller {
  readonly what: string
  readonly arrive: () => void
}

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

export class Machine implements Scheduler.Scheduler, Scheduler.SchedulerDispatcher {
  readonly executionMode = "sync"
  /** Epoch milliseconds. */
  time: number
  /** What fibers do next inside their process, in order, as Node would run it. */
  private ready: Array<() => void> = []
  /** Requests and answers under way: each goes on when the driver picks it. */
  private readonly travelling: Array<Traveller> = []
  private sleeping: Array<Sleeper> = []

  constructor(time: number) {
    this.time = time
  }

  shouldYield() {
    return false
  }
  makeDispatcher() {
    return this
  }
  scheduleTask(task: () => void) {
    this.ready.push(task)
  }
  flush() {}

  /** Something goes over the network: what follows happens when the driver lets it arrive. */
  travel(what: string): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.later(what, () => resume(Effect.void))
    })
  }

  /** There and back: `serve` happens at one instant in between. */
  roundTrip<A, E>(what: string, serve: () => Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(this.travel(what), () => {
      const answer = serve()
      return Effect.flatMap(this.travel(`${what} answers`), () => answer)
    })
  }

  /** Happens whether or not anybody waits for it. */
  later(what: string, arrive: () => void) {
    this.travelling.push({ what, arrive })
  }

  get travellers() {
    return this.travelling.length
  }
  get isBusy() {
    return this.ready.length > 0
  }

  /** Happens once this much time has passed. */
  wakeAfter(millis: number, wake: () => void) {
    this.sleeping.push({ until: this.time + millis, wake })
  }

  /** Lets one of the `travellers` arrive; gives what it was. */
  arrive(at: number): string {
    const [traveller] = this.travelling.splice(at, 1)
    traveller!.arrive()
    return traveller!.what
  }

  step() {
    this.ready.shift()!()
  }

  settle() {
    while (this.ready.length > 0) this.step()
  }

  advance(millis: number) {
    this.time += millis
    const due = this.sleeping.filter(({ until }) => until <= this.time)
    if (due.length === 0) return
    this.sleeping = this.sleeping.filter(({ until }) => until > this.time)
    for (const { wake } of due) this.ready.push(wake)
  }

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => this.time,
    currentTimeMillis: Effect.sync(() => this.time),
    currentTimeNanosUnsafe: () => BigInt(this.time) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(this.time) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(this.time) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(this.time) * 1_000_000n),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const sleeper = { until: this.time + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        this.sleeping.push(sleeper)
        return Effect.sync(() => {
          this.sleeping = this.sleeping.filter((other) => other !== sleeper)
        })
      })
  }
}

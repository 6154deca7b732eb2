/** One timer for all calls that may take equally long: a timer a call costs a tenth of a read. */

/** A call under way. */
export interface Call {
  readonly until: number
  readonly expired: () => void
}

/** Calls under way, the one that began first first. */
export interface CallDeadline {
  /** Begins a call, which expires unless it is stopped in time. */
  readonly start: (expired: () => void) => Call
  /** Whether it was still under way. */
  readonly stop: (call: Call) => boolean
}

/** Every call may take so many milliseconds, of the machine's time. */
export const make = (millis: number): CallDeadline => {
  const calls = new Set<Call>()
  let isWaiting = false

  // Answers that are there already are read first, when the process was too busy to look for them. What keeps the process
  // alive is the connection.
  const wait = (until: number) => {
    isWaiting = true
    setTimeout(() => setImmediate(expire), Math.max(1, until - performance.now())).unref()
  }
  const expire = () => {
    const now = performance.now()
    for (const call of calls) {
      if (now < call.until) return wait(call.until)
      calls.delete(call)
      call.expired()
    }
    isWaiting = false
  }

  return {
    start: (expired) => {
      const call = { until: performance.now() + millis, expired }
      calls.add(call)
      if (!isWaiting) wait(call.until)
      return call
    },
    stop: (call) => calls.delete(call)
  }
}

/** One timer for all calls that may take equally long: a timer a call costs a tenth of a read. */

/** A call under way. */
export interface Call {
  readonly until: number
  /** None once it is over: what it was for is not kept any longer. */
  expired: (() => void) | undefined
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
  // Not a Set: one that is filled and emptied all the time is copied all the time, and its former copies hold on to the calls.
  const calls: Array<Call> = []
  let isWaiting = false

  const forgetFirst = () => {
    while (calls.length > 0 && calls[0]!.expired === undefined) calls.shift()
  }
  // Answers that are there already are read first, when the process was too busy to look for them. What keeps the process
  // alive is the connection.
  const wait = (until: number) => {
    isWaiting = true
    setTimeout(() => setImmediate(expire), Math.max(1, until - performance.now())).unref()
  }
  const stop = (call: Call) => {
    const { expired } = call
    call.expired = undefined
    forgetFirst()
    return expired
  }
  const expire = () => {
    const now = performance.now()
    for (let call = calls[0]; call !== undefined; call = calls[0]) {
      if (now < call.until) return wait(call.until)
      stop(call)?.()
    }
    isWaiting = false
  }

  return {
    start: (expired) => {
      const call = { until: performance.now() + millis, expired }
      calls.push(call)
      if (!isWaiting) wait(call.until)
      return call
    },
    stop: (call) => stop(call) !== undefined
  }
}

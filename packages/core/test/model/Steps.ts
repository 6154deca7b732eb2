/** Code that stops where real code waits: for the network, or for somebody else in the process. */
import type { Machine } from "./Machine.ts"

/** A request or an answer that travels, or something to be woken by. */
export type Wait = string | ((wake: () => void) => void)
export type Steps<A> = Generator<Wait, A, void>

export const run = <A>(machine: Machine, steps: Steps<A>, done: (value: A) => void) => {
  const goOn = () => {
    const { done: isOver, value } = steps.next()
    if (isOver === true) done(value)
    else if (typeof value === "string") machine.later(value, goOn)
    else value(() => machine.scheduleTask(goOn))
  }
  goOn()
}

export function* roundTrip<A>(what: string, serve: () => A): Steps<A> {
  yield what
  const answer = serve()
  yield `${what} answers`
  return answer
}

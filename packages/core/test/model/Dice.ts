/** The only source of chance in a run. Mulberry32: the same numbers for the same seed, on every machine. */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  /** 0 to `sides - 1`. */
  roll(sides: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * sides)
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.roll(times) === 0
  }

  pick<A>(among: ReadonlyArray<A>): A {
    return among[this.roll(among.length)]!
  }
}

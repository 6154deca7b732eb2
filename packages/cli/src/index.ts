/** The `sojourn` command, to run from a program of one's own. */
export * as Cli from "./cli.ts"
export { Failed } from "./failure.ts"
export { services } from "./layers.ts"
export { run } from "./run.ts"

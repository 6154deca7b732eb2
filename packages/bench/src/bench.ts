/** `pnpm bench`: measures, prints, and with `--full` writes the report, unless it is `--only` about some. */
import { NodeRuntime } from "@effect/platform-node"
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdir, writeFile } from "node:fs/promises"
import { cpus } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Client } from "pg"
import { chart } from "./Chart.ts"
import { withEnvironment } from "./Environment.ts"
import { isReached, line, markdown, table } from "./Report.ts"
import type { BenchEnv, Measured, Scenario } from "./Scenario.ts"
import { admit } from "./scenarios/admit.ts"
import { create, createWithRoom } from "./scenarios/create.ts"
import { createBetterAuth } from "./scenarios/createBetterAuth.ts"
import { device } from "./scenarios/device.ts"
import { footprint } from "./scenarios/footprint.ts"
import { history } from "./scenarios/history.ts"
import { listRevoke } from "./scenarios/listRevoke.ts"
import { lock } from "./scenarios/lock.ts"
import { relay } from "./scenarios/relay.ts"
import { scale } from "./scenarios/scale.ts"
import { validate } from "./scenarios/validate.ts"
import { wal } from "./scenarios/wal.ts"

const scenarios: ReadonlyArray<Scenario> = [
  // Before the others: how much Redis grows by depends on how full its tables are already.
  footprint,
  create,
  createWithRoom,
  createBetterAuth,
  admit,
  lock,
  validate,
  listRevoke,
  relay,
  history,
  wal,
  device,
  scale
]

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    full: { type: "boolean", default: false },
    only: { type: "string" },
    details: { type: "boolean", default: false }
  }
})
const mode = values.full ? "full" : "quick"
const names = values.only?.split(",")
const unknown = names?.filter((name) => !scenarios.some((scenario) => scenario.name === name)) ?? []
if (unknown.length > 0 || (values.quick === true && values.full)) {
  console.error(`Usage: bench [--quick | --full] [--details] [--only ${scenarios.map(({ name }) => name).join(",")}]`)
  process.exit(2)
}

const directory = join(import.meta.dirname, "../../../docs/benchmarks")

const versions = async (postgresUrl: string) => {
  const client = new Client({ connectionString: postgresUrl })
  await client.connect()
  const { rows: [row] } = await client.query(
    "SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS commit, " +
      "current_setting('fsync') AS fsync"
  )
  await client.end()
  return `Node ${process.version}, PostgreSQL ${row.version} (synchronous_commit ${row.commit}, fsync ${row.fsync}), ` +
    `${cpus().length} × ${cpus()[0]?.model.trim()}`
}

const write = async (machine: string, all: ReadonlyArray<Measured>) => {
  await mkdir(directory, { recursive: true })
  const head = `# Benchmarks\n\nMeasured on ${machine}.\n\n` +
    "How this is measured, and what limits each figure: [packages/bench](../../packages/bench/README.md)."
  await writeFile(join(directory, "README.md"), markdown(head, all))
  await writeFile(join(directory, "ratios.svg"), chart(all))
}

/** Prints what the scenario has measured. */
const inThisProcess = async (scenario: Scenario, env: BenchEnv): Promise<ReadonlyArray<Measured>> => {
  const start = performance.now()
  const measured = await scenario.run(env, mode)
  for (const of of measured) {
    console.log(line(of))
    if (values.details && of.details.length > 0) console.log(`\n${table(of.details)}\n`)
  }
  console.log(`     (${scenario.name}: ${Math.round((performance.now() - start) / 1000)} s)\n`)
  return measured
}

/** Which scenario a process of its own was started for; it tells what it has measured. */
const ownScenario = "SOJOURN_BENCH_SCENARIO"

/** As an application is: what others have compiled and left behind slows it down. */
const inOwnProcess = async ({ name }: Scenario, env: BenchEnv): Promise<ReadonlyArray<Measured>> => {
  const child = fork(import.meta.filename, process.argv.slice(2), {
    serialization: "advanced",
    env: { ...process.env, [ownScenario]: name, TEST_DATABASE_URL: env.postgresUrl, TEST_REDIS_URL: env.redisUrl }
  })
  let measured: ReadonlyArray<Measured> = []
  child.on("message", (message) => {
    measured = message as ReadonlyArray<Measured>
  })
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`The scenario ${name} ended with ${code}`)
  return measured
}

const all = withEnvironment(async (env) => {
  const machine = await versions(env.postgresUrl)
  console.log(`${mode} on ${machine}\n`)
  const all: Array<Measured> = []
  for (const scenario of scenarios.filter(({ name }) => names === undefined || names.includes(name))) {
    all.push(...await (mode === "full" ? inOwnProcess : inThisProcess)(scenario, env))
    if (mode === "full" && names === undefined) await write(machine, all)
  }
  const withTarget = all.filter((of) => isReached(of) !== undefined)
  console.log(`${withTarget.filter((of) => isReached(of) === true).length} of ${withTarget.length} targets reached`)
})

const one = scenarios.find(({ name }) => name === process.env[ownScenario])
NodeRuntime.runMain(
  one === undefined ? all : withEnvironment(async (env) => {
    process.send?.(await inThisProcess(one, env))
    process.disconnect?.()
  })
)

/** Whose a directory is, as told by what its last owner left there; and what else may be in it. */
import { assert, it } from "@effect/vitest"
import type { DatabaseError } from "@sojourn/postgres"
import { lockDirectory } from "@sojourn/postgres/DirectoryLock"
import { opening } from "@sojourn/postgres/FirstOpening"
import { Effect, Exit, Fiber, Option } from "effect"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"

const directoryWith = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), "sojourn-lock-"))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
      return directory
    }),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )

const ownedBy = (owner: string) => directoryWith({ "sojourn.owner": owner })

const locked = (directory: string) => Effect.exit(Effect.scoped(lockDirectory(directory)))

/** What is there when the database is opened. */
const found = (directory: string) => opening(directory, Effect.sync(() => readdirSync(directory).toSorted()))

const here = hostname()

// As it is told of none of them when it began, nothing else frees the directory. Linux gives no id above 4194304.
const free: ReadonlyArray<readonly [name: string, owner: string]> = [
  ["lived on another machine", `${process.ppid} ? elsewhere`],
  ["is dead", `4194305 ? ${here}`],
  ["had the id that this process has", `${process.pid} ? ${here}`],
  ["is told in words", `nobody ? ${here}`],
  ["is no process, but a group of them", `0 ? ${here}`],
  ["is not told", ""]
]

it.live.each(free)("P1 a directory is free whose owner %s", ([, owner]) =>
  Effect.gen(function*() {
    const directory = yield* ownedBy(owner)
    assert.isTrue(Exit.isSuccess(yield* locked(directory)))
  }).pipe(Effect.scoped))

it.live("P1 who holds a directory signs it with what is their own, and takes that along when they leave", () =>
  Effect.gen(function*() {
    const directory = yield* ownedBy(`4194305 ? ${here}`)
    const signed = yield* Effect.scoped(
      Effect.map(lockDirectory(directory), () => readFileSync(join(directory, "sojourn.owner"), "utf8"))
    )
    assert.match(signed, new RegExp(`^${process.pid} (\\d+|\\?) ${here}$`))
    assert.deepStrictEqual(readdirSync(directory), [])
  }).pipe(Effect.scoped))

it.live("P1 a directory that another one holds for a moment more is waited for", () =>
  Effect.gen(function*() {
    const directory = yield* ownedBy(`${process.ppid} ? ${here}`)
    const waiting = yield* Effect.forkChild(locked(directory))
    yield* Effect.sleep("200 millis")
    assert.isUndefined(waiting.pollUnsafe())
    rmSync(join(directory, "sojourn.owner"))
    assert.isTrue(Exit.isSuccess(yield* Fiber.join(waiting)))
  }).pipe(Effect.scoped))

it.live("P1 a directory with other files is refused at once; with a database, or an unfinished one, it is not", () =>
  Effect.gen(function*() {
    const foreign = yield* locked(yield* directoryWith({ "holiday.jpg": "", "sojourn.owner": "" }))
    const failure: DatabaseError | undefined = Option.getOrUndefined(Exit.findErrorOption(foreign))
    assert.deepStrictEqual([failure?.reason, failure?.message.includes("holds other files")], ["Failed", true])
    for (const name of ["PG_VERSION", "sojourn.unfinished"]) {
      assert.isTrue(Exit.isSuccess(yield* locked(yield* directoryWith({ [name]: "", base: "" }))), name)
    }
  }).pipe(Effect.scoped))

it.live("P1 a database that is whole is opened with all its files; one that was not finished begins with none", () =>
  Effect.gen(function*() {
    const whole = yield* directoryWith({ PG_VERSION: "17", base: "", "sojourn.owner": "" })
    assert.deepStrictEqual(yield* found(whole), ["PG_VERSION", "base", "sojourn.owner"])

    const unfinished = yield* directoryWith({ PG_VERSION: "17", "sojourn.owner": "", "sojourn.unfinished": "" })
    mkdirSync(join(unfinished, "base", "1"), { recursive: true })
    // Until the end it is told to be unfinished, and our own files stay.
    assert.deepStrictEqual(yield* found(unfinished), ["sojourn.owner", "sojourn.unfinished"])
    assert.deepStrictEqual(readdirSync(unfinished), ["sojourn.owner"])

    // Cut short it is still unfinished.
    const fresh = yield* directoryWith({})
    yield* Effect.exit(opening(fresh, Effect.die("killed")))
    assert.deepStrictEqual(readdirSync(fresh), ["sojourn.unfinished"])
  }).pipe(Effect.scoped))

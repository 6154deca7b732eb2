/** PGlite in a directory: kept, one process at a time, never damaged in silence. */
import { assert, describe, it } from "@effect/vitest"
import { SessionRepo, SessionRules, User, UserId, UserRepo } from "@sojourn/core"
import { type DatabaseError, EmbeddedDatabase, Migrations } from "@sojourn/postgres"
import { Effect, Layer, Logger, Option, Schedule } from "effect"
import { fork } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { admit, stores } from "./database.ts"

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sojourn-embedded-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const embedded = (dataDir: string) =>
  stores().pipe(Layer.provideMerge(Migrations.layer()), Layer.provideMerge(EmbeddedDatabase.layer({ dataDir })))

const openingFails = (dataDir: string): Effect.Effect<DatabaseError> =>
  Effect.flip(Effect.scoped(Layer.build(EmbeddedDatabase.layer({ dataDir })))).pipe(Effect.orDie)

const mode = (path: string) => statSync(path).mode & 0o777

/** Opens and closes; what was logged meanwhile. */
const openingLogs = Effect.fnUntraced(function*(dataDir: string) {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => {
    lines.push(String(message))
  })
  yield* Effect.provide(Effect.void, EmbeddedDatabase.layer({ dataDir })).pipe(
    Effect.provide(Logger.layer([logger]), { local: true })
  )
  return lines
})

/** A directory whose owner is told to be a process that lives, and what else is told of it. */
const ownedByParent = (rest: string) =>
  Effect.tap(
    temporaryDirectory,
    (dataDir) => Effect.sync(() => writeFileSync(join(dataDir, "sojourn.owner"), `${process.ppid}${rest}`))
  )

describe("embedded database", () => {
  it.live("P1 a directory keeps what was written, across openings", () =>
    Effect.gen(function*() {
      const dataDir = join(yield* temporaryDirectory, "deep", "data")
      const userId = UserId.make("keeper")
      const { candidate } = yield* Effect.andThen(
        UserRepo.use((users) => users.put(User.make({ id: userId }))),
        admit(userId, SessionRules.make({}))
      ).pipe(Effect.provide(embedded(dataDir), { local: true }))
      const found = yield* SessionRepo.use((repo) => repo.find(candidate.session.id)).pipe(
        Effect.provide(embedded(dataDir), { local: true })
      )
      assert.deepStrictEqual(found, Option.some(candidate.session))
    }).pipe(Effect.scoped), 60_000)

  it.live(
    "P1 the directory is its owner's alone, also where others could read it before; those above it are as any other",
    () =>
      Effect.gen(function*() {
        const parent = yield* temporaryDirectory
        mkdirSync(join(parent, "open"), { mode: 0o755 })
        for (const dataDir of ["deep/deeper/new", "open"].map((name) => join(parent, name))) {
          assert.deepStrictEqual(yield* openingLogs(dataDir), [])
          assert.strictEqual(mode(dataDir), 0o700)
        }
        mkdirSync(join(parent, "other"))
        for (const above of ["deep", "deep/deeper"]) {
          assert.strictEqual(mode(join(parent, above)), mode(join(parent, "other")))
        }
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "P1 one with a database keeps the permissions that it was given; if others have some, that is said once",
    () =>
      Effect.gen(function*() {
        const dataDir = yield* temporaryDirectory
        yield* openingLogs(dataDir)
        chmodSync(dataDir, 0o750)
        const lines = yield* openingLogs(dataDir)
        assert.strictEqual(mode(dataDir), 0o750)
        assert.lengthOf(lines, 1)
        assert.include(lines[0], `chmod 700 ${dataDir}`)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "P1 one whose owner is gone is free, although another process has its id by now",
    () =>
      Effect.gen(function*() {
        const dataDir = yield* temporaryDirectory
        const owner = join(dataDir, "sojourn.owner")
        yield* Effect.provide(
          Effect.sync(() => copyFileSync(owner, `${owner}.kept`)),
          EmbeddedDatabase.layer({ dataDir })
        )
        const [, began, ...host] = readFileSync(`${owner}.kept`, "utf8").split(" ")
        rmSync(`${owner}.kept`)
        writeFileSync(owner, [process.ppid, began, ...host].join(" "))
        yield* Effect.provide(Effect.void, EmbeddedDatabase.layer({ dataDir }))
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "P1 one whose owner lives is not taken, whatever else is said of the owner; one of elsewhere is",
    () =>
      Effect.gen(function*() {
        const errors = yield* Effect.forEach(
          [` ? ${hostname()}`, ` ${hostname()}`, " My Mac", " 1 ", ""],
          (rest) => Effect.flatMap(ownedByParent(rest), openingFails),
          { concurrency: "unbounded" }
        )
        for (const { message } of errors) {
          assert.include(message, `in use by another process, ${process.ppid};`)
          assert.include(message, "sojourn.owner")
        }
        yield* Effect.flatMap(ownedByParent(" 1 elsewhere"), openingLogs)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "P1 a directory that cannot be made is told at once, where Node would try for good, too",
    () =>
      Effect.gen(function*() {
        for (const dataDir of ["/proc/sojourn", "/proc/sojourn/data", "/dev/null/sojourn"]) {
          const { reason } = yield* Effect.timeout(openingFails(dataDir), "4 seconds")
          assert.strictEqual(reason, "AccessDenied")
        }
      }),
    60_000
  )

  it.live(
    "P1 a second process on the same directory gets a clear error; after a crash it is free again",
    () =>
      Effect.gen(function*() {
        const dataDir = yield* temporaryDirectory
        const holder = yield* Effect.acquireRelease(
          Effect.sync(() => fork(join(import.meta.dirname, "holdDirectory.ts"), [dataDir])),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        yield* Effect.callback<void>((resume) => {
          holder.once("message", () => resume(Effect.void))
        })
        const error = yield* openingFails(dataDir)
        assert.strictEqual(error.reason, "Unavailable")
        assert.include(error.message, "in use by another process")

        // Standing still it only looks as if it were gone.
        holder.kill("SIGSTOP")
        utimesSync(join(dataDir, "sojourn.lock"), 0, 0)
        assert.include((yield* openingFails(dataDir)).message, "in use by another process")

        holder.kill("SIGKILL")
        const opened = yield* Effect.scoped(Layer.build(EmbeddedDatabase.layer({ dataDir }))).pipe(
          Effect.retry({ times: 10 }),
          Effect.timeoutOption("30 seconds")
        )
        assert.isTrue(Option.isSome(opened))
      }).pipe(Effect.scoped),
    90_000
  )

  it.live("P1 one whose making was cut short is made anew, wherever that was", () =>
    Effect.gen(function*() {
      for (const left of [["base"], ["base", "PG_VERSION"]]) {
        const dataDir = yield* temporaryDirectory
        for (const name of ["sojourn.unfinished", ...left]) writeFileSync(join(dataDir, name), "")
        yield* openingLogs(dataDir)
        assert.isFalse(existsSync(join(dataDir, "sojourn.unfinished")))
        yield* openingLogs(dataDir)
      }
    }).pipe(Effect.scoped), 60_000)

  it.live("P1 a process that is killed while it makes a directory bars it for nobody", () =>
    Effect.gen(function*() {
      const dataDir = yield* temporaryDirectory
      const child = fork(new URL("holdDirectory.ts", import.meta.url), [dataDir])
      const begun = Effect.sync(() => readdirSync(dataDir).some((name) => !name.startsWith("sojourn.")))
      yield* Effect.repeat(begun, { until: (is) => is, schedule: Schedule.spaced("1 millis") })
      child.kill("SIGKILL")
      assert.isTrue(existsSync(join(dataDir, "sojourn.unfinished")), "killed in time")
      const opened = yield* Effect.retry(Effect.scoped(Layer.build(EmbeddedDatabase.layer({ dataDir }))), {
        while: (error) => error.reason === "Unavailable",
        times: 10
      })
      assert.isDefined(opened)
    }).pipe(Effect.scoped), 60_000)

  it.live("P1 a damaged directory, and a path that cannot be one, are told in one line", () =>
    Effect.gen(function*() {
      const dataDir = yield* temporaryDirectory
      writeFileSync(join(dataDir, "PG_VERSION"), "17\n")
      writeFileSync(join(dataDir, "base"), "not a directory")
      const damaged = yield* openingFails(dataDir)
      assert.include(damaged.message, dataDir)
      assert.include(damaged.message, "damaged")

      const foreign = yield* temporaryDirectory
      writeFileSync(join(foreign, "holiday.jpg"), "")
      assert.include((yield* openingFails(foreign)).message, "holds other files")

      writeFileSync(join(dataDir, "file"), "")
      const refused = yield* openingFails(join(dataDir, "file"))
      assert.strictEqual(refused.reason, "AccessDenied")
      assert.notInclude(refused.message, "\n")
    }).pipe(Effect.scoped), 60_000)
})

/** A MaxMind database file that is read once, and again when it changes. */
import { Clock, Duration, Effect, Fiber, Option, Predicate, Result, Schema, type Scope } from "effect"
import { Reader, type Response } from "maxmind"
import { readFile, stat } from "node:fs/promises"
import { lru } from "tiny-lru"

/** The file cannot be used. */
class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", { message: Schema.String }) {}

/** A database that may be missing, be replaced or be broken at any time. */
export interface MmdbFile {
  /** Reads the file if that was not done yet, or not since it changed. */
  readonly refresh: Effect.Effect<void>
  /** The record of an address; none when it has none or there is no database. Never fails: problems are logged. */
  readonly find: (address: string) => Effect.Effect<Option.Option<unknown>>
}

/** Decoded records are shared by many addresses; so many are kept. */
const decodedRecords = 2_000

const reasons: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EACCES", "access is denied"]
])

const failed = (cause: unknown) => {
  const reason = Predicate.hasProperty(cause, "code") ? reasons.get(cause.code) : undefined
  return new DatabaseError({ message: reason ?? (cause instanceof Error ? cause.message : String(cause)) })
}

const isCompressed = (file: Buffer): boolean => file[0] === 0x1f && file[1] === 0x8b

const isComplete = (
  { metadata: { ipVersion, nodeCount, searchTreeSize } }: Reader<Response>,
  file: Buffer
): boolean => {
  const separator = file.subarray(searchTreeSize, searchTreeSize + 16)
  return [4, 6].includes(ipVersion) && nodeCount > 0 && separator.length === 16 && separator.every((byte) => byte === 0)
}

const read = Effect.fnUntraced(function*(path: string) {
  const file = yield* Effect.tryPromise({ try: (signal) => readFile(path, { signal }), catch: failed })
  if (isCompressed(file)) return yield* new DatabaseError({ message: "it is compressed; unpack it first" })
  const reader = yield* Effect.try({
    try: () => new Reader<Response>(file, { cache: lru(decodedRecords) }),
    catch: failed
  })
  if (!isComplete(reader, file)) {
    return yield* new DatabaseError({ message: "it is incomplete or no MaxMind database" })
  }
  return reader
})

/** What tells one version of a file from another, also after a rename. */
const versionOf = (path: string) =>
  Effect.tryPromise({ try: () => stat(path), catch: failed }).pipe(
    Effect.map(({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`)
  )

/**
 * Looks at the file when somebody asks and the last look is `checkEvery` ago, so there is nothing to watch or to stop.
 * While a new version is read, and when it cannot be, the one before goes on to answer. What is wrong is said once.
 */
export const make = Effect.fnUntraced(function*(path: string, checkEvery: Duration.Duration): Effect.fn.Return<
  MmdbFile,
  never,
  Scope.Scope
> {
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const interval = Duration.toMillis(checkEvery)
  const told = new Set<string>()
  let reader: Reader<Response> | undefined
  let version = ""
  let checkedAt = -Infinity
  let refreshing: Fiber.Fiber<void> | undefined

  const warnOnce = (problem: string, message: string) =>
    Effect.suspend(() => {
      if (told.has(problem)) return Effect.void
      told.add(problem)
      return Effect.logWarning(message)
    })

  const refresh = Effect.gen(function*() {
    const found = yield* Effect.tapError(versionOf(path), () => Effect.sync(() => version = ""))
    if (found === version) return
    version = found
    reader = yield* read(path)
    told.clear()
  }).pipe(
    Effect.catch(({ message }) =>
      warnOnce(
        message,
        `Cannot read the location database ${path}: ${message}. ` +
          (reader === undefined ? "Places stay unknown until it can be read" : "The one read before stays in use")
      )
    )
  )

  const check = Effect.gen(function*() {
    refreshing = yield* Effect.forkIn(Effect.ensuring(refresh, Effect.sync(() => refreshing = undefined)), scope)
    return yield* Fiber.await(refreshing)
  })

  // Not the time of day, which may step, or be that of a login of last year.
  const current = (): Effect.Effect<Reader<Response> | undefined> => {
    const now = Number(clock.monotonicTimeNanosUnsafe()) / 1e6
    if (refreshing === undefined && now - checkedAt >= interval) {
      checkedAt = now
      return Effect.map(check, () => reader)
    }
    return refreshing !== undefined && reader === undefined
      ? Effect.map(Fiber.await(refreshing), () => reader)
      : Effect.succeed(reader)
  }

  const recordIn = (reader: Reader<Response> | undefined, address: string): Effect.Effect<Option.Option<Response>> => {
    if (reader === undefined || (reader.metadata.ipVersion === 4 && address.includes(":"))) return Effect.succeedNone
    const record = Result.try({ try: () => reader.get(address), catch: failed })
    return Result.isSuccess(record)
      ? Effect.succeed(Option.fromNullishOr(record.success))
      : Effect.as(
        warnOnce("lookup", `The location database ${path} is damaged: ${record.failure.message}. Replace it`),
        Option.none()
      )
  }

  return {
    refresh: Effect.asVoid(Effect.suspend(current)),
    // Mostly the answer is there at once, and who asks need not start a fiber for it.
    find: (address) => Effect.flatMapEager(current(), (reader) => recordIn(reader, address))
  }
})

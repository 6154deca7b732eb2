/** A file that is written completely or not at all. */
import { Data, Effect, FileSystem, Option, Path, type PlatformError, Stream } from "effect"
import { CliError } from "effect/cli"
import { SecureRandom } from "effect/crypto"
import { oneLine } from "./failure.ts"

/** Where to write. `mode`: who may read it afterwards, as the bits of `chmod`. */
export interface OutputFile {
  readonly path: string
  readonly mode: number
}

/** The file was not written. If there was one before, it is as it was. */
export class FileFailed extends Data.TaggedError("FileFailed")<{ readonly message: string }> {}

const refuse = (message: string) => new CliError.UserError({ cause: message })

const unwritable = (path: string) => (error: PlatformError.PlatformError) =>
  new FileFailed({ message: `The file ${path} cannot be written, and is left as it was: ${oneLine(error.message)}` })

/** Only the owner may read a new file: what is written tells of people. */
const ownerOnly = 0o600

/** Looks at the place before anything is started or written. What is there and no file is not replaced. */
export const openOutput = Effect.fnUntraced(function*(name: string) {
  if (name === "") return yield* refuse("The name of the output file is empty; give the path of a file, or -")
  const fs = yield* FileSystem.FileSystem
  const directory = (yield* Path.Path).dirname(name)
  const before = yield* Effect.option(fs.stat(name))
  if (Option.isNone(before)) {
    yield* Effect.mapError(
      fs.access(directory, { writable: true }),
      () => refuse(`The directory ${directory} is not there or may not be written; give a file in one that may`)
    )
    return { path: name, mode: ownerOnly }
  }
  if (before.value.type !== "File") return yield* refuse(`${name} is there and no file; give the path of a file`)
  const path = yield* Effect.mapError(fs.realPath(name), ({ message }) => refuse(oneLine(message)))
  return { path, mode: before.value.mode & 0o777 }
})

/**
 * Writes the texts beside the file, and puts them in its place when all of them are on the disk. A process that is killed
 * may leave what it had written under the file's name and `.part`.
 */
export const writeFile = ({ mode, path }: OutputFile) =>
<E, R>(texts: Stream.Stream<string, E, R>): Effect.Effect<
  void,
  E | FileFailed,
  R | FileSystem.FileSystem | SecureRandom.SecureRandom
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const random = yield* SecureRandom.SecureRandom
    const part = `${path}.${yield* random.uuidV7()}.part`
    const encoder = new TextEncoder()
    const failed = Effect.mapError(unwritable(path))
    const write = Effect.gen(function*() {
      const file = yield* failed(fs.open(part, { flag: "wx", mode }))
      // What a file had before may be more than the umask lets a new one have.
      yield* failed(fs.chmod(part, mode))
      yield* Stream.runForEach(texts, (text) => failed(file.writeAll(encoder.encode(text))))
      yield* failed(file.sync)
    })
    yield* Effect.scoped(write).pipe(
      Effect.andThen(failed(fs.rename(part, path))),
      Effect.onError(() => Effect.ignore(fs.remove(part, { force: true })))
    )
  })

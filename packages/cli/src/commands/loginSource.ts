/** Where the logins of `sojourn create --from` come from: a file, or standard input. */
import { Effect, FileSystem, Option, type PlatformError, Stdio, Stream } from "effect"
import { CliError, Flag } from "effect/cli"
import { oneLine } from "../failure.ts"

/** Lines of logins as bytes. `size` in bytes, where it is known. */
export interface Source {
  readonly name: string
  readonly size: Option.Option<number>
  readonly bytes: Stream.Stream<Uint8Array, PlatformError.PlatformError, FileSystem.FileSystem | Stdio.Stdio>
}

const standardInput: Source = {
  name: "standard input",
  size: Option.none(),
  bytes: Stream.unwrap(Stdio.Stdio.useSync(({ stdin }) => stdin))
}

const refuse = (message: string) => new CliError.UserError({ cause: message })

/** Looks at the file before anything is started or written. */
const openSource = Effect.fnUntraced(function*(name: string) {
  if (name === "-") return standardInput
  if (name === "") {
    return yield* refuse("The name of the file is empty; give the path of one, or - for standard input")
  }
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.mapError(fs.stat(name), ({ reason }) =>
    refuse(
      reason._tag === "NotFound"
        ? `There is no file ${name}; give the path of one, or - for standard input`
        : `The file ${name} cannot be read: ${oneLine(reason.message)}`
    ))
  if (info.type === "Directory") return yield* refuse(`${name} is a directory; give the path of a file in it`)
  yield* Effect.mapError(
    fs.access(name, { readable: true }),
    () => refuse(`The file ${name} may not be read; correct its permissions`)
  )
  const source: Source = {
    name,
    size: info.type === "File" ? Option.some(Number(info.size)) : Option.none(),
    bytes: Stream.unwrap(FileSystem.FileSystem.useSync((fs) => fs.stream(name)))
  }
  return source
})

export const source = Flag.String("from").pipe(
  Flag.mapEffect(openSource),
  Flag.optional,
  Flag.withMetavar("file"),
  Flag.withDescription("A file with one login a line, in JSON; - for standard input")
)

/** PGlite, run by root, in a directory that is somebody else's. */
import { assert, it } from "@effect/vitest"
import { EmbeddedDatabase } from "@sojourn/postgres"
import { Effect, Logger } from "effect"
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const somebody = 65_534

it.live.skipIf(process.geteuid?.() !== 0)(
  "P1 a directory that is another user's keeps the permissions that it has; if others have some, that is said",
  () =>
    Effect.gen(function*() {
      const dataDir = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "sojourn-embedded-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
      )
      chownSync(dataDir, somebody, somebody)
      chmodSync(dataDir, 0o750)
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      yield* Effect.provide(Effect.void, EmbeddedDatabase.layer({ dataDir })).pipe(
        Effect.provide(Logger.layer([logger]), { local: true })
      )
      const { mode, uid } = statSync(dataDir)
      assert.deepStrictEqual([mode & 0o777, uid], [0o750, somebody])
      assert.lengthOf(lines, 1)
      assert.include(lines[0], `chmod 700 ${dataDir}`)
    }).pipe(Effect.scoped),
  60_000
)

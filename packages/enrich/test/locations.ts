/** A temporary database, and what the log says about it. */
import { LocationEnricher } from "@sojourn/core"
import { Effect, Logger, Option } from "effect"
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A path in a new directory, which goes when the test is over. */
export const databasePath = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sojourn-enrich-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
).pipe(Effect.map((directory) => join(directory, "places.mmdb")))

/** Puts a file there as deployments do: written beside it, then renamed. */
export const replace = (path: string, content: Buffer) =>
  Effect.sync(() => {
    writeFileSync(`${path}.new`, content)
    renameSync(`${path}.new`, path)
  })

/** The name of the place of an address, or none. */
export const place = (ipAddress: string) =>
  LocationEnricher.use((enricher) => enricher.enrich(ipAddress)).pipe(
    Effect.map(Option.map((location) => location.name)),
    Effect.map(Option.getOrNull)
  )

/** Collects what is logged. */
export const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
    lines.push(`${logLevel} ${String(message)}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

/** Reads the stream for one consumer, on a connection of its own. */
import { Effect, type Scope, Stream } from "effect"
import type { Cluster, Redis } from "ioredis"
import { claim, ensureGroup, readNew, readPending, skipGap } from "./EventStreamScripts.ts"
import { duplicate, whileOpen } from "./OwnConnection.ts"
import { bounded, evaluate, type Script } from "./RedisCall.ts"
import type { RedisFailure } from "./RedisFailure.ts"

/** An entry as Redis gives it: id, how often it was delivered, names and values of its fields. */
export type Entry = readonly [id: string, deliveries: number, fields: ReadonlyArray<string>]

/** What was read. */
export interface Page {
  /** Those that are there, in the order of the stream. */
  readonly entries: ReadonlyArray<Entry>
  /** The positions, behind `after`, that were trimmed before the group had read or acknowledged them. */
  readonly missed?: { readonly after: number; readonly until: number }
  /** Trimmed entries that are still to be acknowledged. */
  readonly gone?: ReadonlyArray<string>
}

/** Who reads what; times in milliseconds. */
export interface ReaderOptions {
  readonly client: Redis | Cluster
  readonly stream: string
  readonly group: string
  readonly consumer: string
  readonly from: "beginning" | "end"
  readonly batchSize: number
  readonly idle: number
  readonly timeout: number
  /** Called before each read. */
  readonly before: (connection: Redis | Cluster) => Effect.Effect<void, RedisFailure>
}

/** How long a read waits for new entries at the server before it asks anew, so that a dead connection is noticed. */
const longestWait = 1000

export const positionOf = (id: string): number => Number(id.split("-", 1)[0])

/** Entries that were given to a consumer and dropped before it acknowledged them. */
const dropped = (gone: ReadonlyArray<string>): Omit<Page, "entries"> => {
  const positions = gone.map(positionOf)
  return gone.length === 0 ? {} : { gone, missed: { after: Math.min(...positions) - 1, until: Math.max(...positions) } }
}

/** Pages without end, until the connection breaks; to be opened again then. */
export const makeReader = (options: ReaderOptions) => {
  const { batchSize, client, consumer, group, idle, stream, timeout } = options
  /** The last position that was read. A group that was lost with Redis's data goes on from there. */
  let seen = 0
  let isGroupMade = false
  /** A gap that was found and is not known to be skipped: the answer to `skipGap` may be lost. */
  let gap: Page["missed"]
  let claimAt = 0

  return Effect.gen(function*(): Effect.fn.Return<Stream.Stream<Page, RedisFailure>, RedisFailure, Scope.Scope> {
    const connection = yield* whileOpen(() => duplicate(client))
    const run = (script: Script, ...args: ReadonlyArray<string | number>) =>
      bounded(timeout, () => evaluate(connection, script, [stream], [group, ...args.map(String)]))
    let ownAfter: string | undefined = "0"
    let cursor = "0-0"

    const own = Effect.fnUntraced(function*(after: string) {
      const [last, entries, gone] = (yield* run(readPending, consumer, batchSize, after)) as Found
      ownAfter = last === "" ? undefined : last
      return { entries, ...dropped(gone) }
    })
    const abandoned = Effect.gen(function*() {
      const [next, entries, gone] = (yield* run(claim, consumer, batchSize, cursor, idle)) as Found
      cursor = next
      if (next === "0-0") claimAt = performance.now() + idle / 4
      return { entries, ...dropped(gone) }
    })
    /** Of several consumers that have found it, the one that moved the group tells. */
    const behind = Effect.fnUntraced(function*(missed: NonNullable<Page["missed"]>, isAgain: boolean) {
      gap = missed
      const moved = yield* run(skipGap, missed.until)
      gap = undefined
      return moved === 1 || isAgain ? { entries: [], missed } : { entries: [] }
    })
    const fresh = Effect.gen(function*(): Effect.fn.Return<Page, RedisFailure> {
      if (gap !== undefined) return yield* behind(gap, true)
      const [last, missedUntil, unread] = (yield* run(readNew, consumer, batchSize)) as Unread
      if (missedUntil > 0) return yield* behind({ after: positionOf(last), until: missedUntil }, false)
      seen = positionOf(unread.at(-1)?.[0] ?? last)
      if (unread.length > 0) return { entries: unread.map(([id, fields]) => [id, 1, fields]) }
      const wait = Math.ceil(Math.min(longestWait, Math.max(1, claimAt - performance.now())))
      // Only to wake up: what there is then, the group reads with an eye on gaps.
      yield* bounded(
        wait + timeout,
        () => connection.xread("COUNT", 1, "BLOCK", wait, "STREAMS", stream, last)
      )
      return { entries: [] }
    })

    yield* bounded(timeout, () => connection.connect())
    yield* run(ensureGroup, isGroupMade ? seen : options.from)
    isGroupMade = true

    const next = Effect.suspend(() =>
      ownAfter !== undefined ? own(ownAfter) : performance.now() >= claimAt ? abandoned : fresh
    )
    return options.before(connection).pipe(
      Effect.andThen(next),
      Effect.repeat({ until: ({ entries, missed }) => entries.length > 0 || missed !== undefined }),
      Stream.fromEffectRepeat
    )
  })
}

/** What the scripts answer. */
type Found = [cursor: string, entries: ReadonlyArray<Entry>, gone: ReadonlyArray<string>]
type Unread = [last: string, missedUntil: number, entries: ReadonlyArray<readonly [string, ReadonlyArray<string>]>]

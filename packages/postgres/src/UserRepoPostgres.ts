/** Users and tiers in the tables that come with the package. */
import { type Limit, Tier, User, type UserId, UserNotFound, UserRepo, UserRepoError } from "@sojourn/core"
import { Effect, Layer, Option } from "effect"
import type { SqlClient } from "effect/sql"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { storeFailure } from "./DatabaseError.ts"
import { reading } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"

interface UserColumns {
  readonly tier: string
  readonly max_sessions: number | null
  readonly unlimited: boolean
}

const failed = (operation: string) => (cause: unknown) => new UserRepoError(storeFailure(operation, cause))

const ownLimit = (row: UserColumns): Option.Option<Limit> =>
  row.unlimited ? Option.some("unlimited") : Option.fromNullOr(row.max_sessions)

/** Every operation is one statement. `limit` asks the same function that `admit` asks. */
export const layer: Layer.Layer<UserRepo, never, SqlClient.SqlClient> = Layer.effect(
  UserRepo,
  Effect.gen(function*() {
    const { own, sql } = yield* schemaSql
    const answered = inTime(yield* AnswerTimeout, failed)
    const users = own("users")

    const first = <A extends object>(
      operation: string,
      userId: UserId,
      statement: Effect.Effect<ReadonlyArray<A>, unknown>
    ) =>
      statement.pipe(
        answered(operation),
        Effect.flatMap(([row]) => row === undefined ? Effect.fail(new UserNotFound({ userId })) : Effect.succeed(row))
      )

    return UserRepo.of({
      find: Effect.fn("UserRepo.find")(function*(userId) {
        const row = yield* first(
          "find",
          userId,
          sql<UserColumns>`SELECT tier, max_sessions, unlimited FROM ${users} WHERE id = ${userId}`
        )
        return yield* reading(() => User.make({ id: userId, tier: Tier.make(row.tier), maxSessions: ownLimit(row) }))
          .pipe(
            Effect.mapError(failed("find"))
          )
      }),
      put: Effect.fn("UserRepo.put")(
        function*(user) {
          const limit = Option.getOrNull(user.maxSessions)
          yield* sql`
            INSERT INTO ${users} (id, tier, max_sessions, unlimited)
            VALUES (${user.id}, ${user.tier}, ${limit === "unlimited" ? null : limit}::integer, ${
            limit === "unlimited"
          })
            ON CONFLICT (id) DO UPDATE SET
              tier = excluded.tier, max_sessions = excluded.max_sessions, unlimited = excluded.unlimited`
        },
        answered("put")
      ),
      limit: Effect.fn("UserRepo.limit")(function*(userId) {
        const { max_sessions } = yield* first(
          "limit",
          userId,
          sql<{ readonly max_sessions: number | null }>`
            SELECT max_sessions FROM ${own("session_limit")}(${userId}) LIMIT 1`
        )
        return max_sessions === null ? "unlimited" : Math.max(0, max_sessions)
      })
    })
  })
)

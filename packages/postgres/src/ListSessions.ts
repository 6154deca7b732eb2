/** The statements that list a user's sessions. */
import type { ListQuery } from "@sojourn/core"
import { withInnerSpan } from "@sojourn/core/InnerSpan"
import { DateTime, Effect, Option } from "effect"
import { AnswerTimeout, inTime } from "./AnswerTimeout.ts"
import { repoError } from "./RepoError.ts"
import { reading, rowsOf } from "./Rows.ts"
import { schemaSql } from "./SchemaSql.ts"
import { sessionColumns, sessionOf, type SessionRow } from "./SessionRow.ts"
import { list } from "./sql/list.ts"

/** Without a session on the page there is one row, with the counts alone. */
type ListedRow = readonly [total: number, active: number, ...session: SessionRow | readonly [id: null]]

const listedSession = ([, , ...session]: ListedRow) => session[0] === null ? [] : [sessionOf(session)]

/** Makes them. */
export const make = Effect.gen(function*() {
  const { schema, sql } = yield* schemaSql
  const answered = inTime(yield* AnswerTimeout, repoError)
  const lists = (all: boolean) => ({
    first: list(schema, sessionColumns, { all, before: false }),
    next: list(schema, sessionColumns, { all, before: true })
  })
  const listAll = lists(true)
  const listActive = lists(false)
  return Effect.fnUntraced(
    function*({ all, before, limit, now, userId }: ListQuery) {
      const { first: page, next } = all ? listAll : listActive
      const parameters = [userId, DateTime.toDate(now), limit]
      const rows = yield* Option.match(before, {
        onNone: () => rowsOf<ListedRow>(sql.unsafe(page, parameters)),
        onSome: ({ createdAt, id }) =>
          rowsOf<ListedRow>(sql.unsafe(next, [...parameters, DateTime.toDate(createdAt), id]))
      })
      const [[total, active] = [0, 0]] = rows
      return { sessions: yield* reading(() => rows.flatMap(listedSession)), total, active }
    },
    answered("list"),
    withInnerSpan("SessionRepo.list")
  )
})

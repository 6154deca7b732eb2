/** Reads what keys of sessions hold, those of the same moment in one command. */
import { Effect, Exit } from "effect"
import { closed } from "./RedisFailure.ts"
import type { RedisSend } from "./RedisSend.ts"
import * as Together from "./Together.ts"

export const make = ({ client, command, most, refuses }: RedisSend) => {
  const getOne = command("GET")
  const getAll = command("MGET")
  return Together.make(
    (keys: ReadonlyArray<string>, callers) => {
      const [key] = keys
      const several = { asked: keys.length, callers }
      return keys.length === 1 && key !== undefined
        ? Effect.map(getOne(() => client.getBuffer(key), several), (value) => () => Exit.succeed(value))
        : Effect.map(
          getAll(() => client.mgetBuffer([...keys]), several),
          (values) => (nth) => Exit.succeed(values[nth] ?? null)
        )
    },
    most,
    () => closed,
    refuses
  )
}

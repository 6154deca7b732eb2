/** Fields that may be absent. */
import { Effect, Schema } from "effect"

/** An `Option` that is `null` on the wire, and none when it is not given to the constructor. */
export const optional = <S extends Schema.Constraint>(schema: S) =>
  Schema.OptionFromNullOr(schema).pipe(Schema.withConstructorDefault(Effect.succeedNone))

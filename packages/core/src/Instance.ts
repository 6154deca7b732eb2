/** Makes instances of the schemas' classes out of values that need no check. */
import type { Schema } from "effect"

/**
 * An instance with these fields, for values that were checked before or have just been made. The constructor would go
 * through the schema even when it is told not to check, which takes twenty times as long.
 */
export const instance = <Fields extends Schema.Struct.Fields, A extends object>(
  of: { readonly fields: Fields; readonly prototype: A },
  fields: Schema.Struct.Type<Fields>
): A => Object.assign(Object.create(of.prototype), fields)

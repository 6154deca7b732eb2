/** Values as the driver takes them. */
import { PgTypes } from "@effect/sql-pg"
import { Duration, Result } from "effect"

/** An array that may hold nulls, and nothing but nulls. */
export const array = (values: ReadonlyArray<unknown>, oid: number) => Result.getOrThrow(PgTypes.array(values, oid))

/** The bytes of a hash or salt that is known to be hex. */
export const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex")

/** A duration of whatever fineness as `int8`. */
export const wholeMillis = (duration: Duration.Duration) => BigInt(Math.floor(Duration.toMillis(duration)))

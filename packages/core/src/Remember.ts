/** Remembers what a function gives, so that what is equal is made once and shared. */
import { dropOldest } from "./DropOldest.ts"

/** As `make`, for the latest 1,000 keys. What it throws is not remembered. */
export const remember = <K extends string | number, V>(make: (key: K) => V): (key: K) => V => {
  const known = new Map<K, V>()
  return (key) => {
    const same = known.get(key)
    if (same !== undefined) return same
    const value = make(key)
    known.set(key, value)
    dropOldest(known, 1_000)
    return value
  }
}

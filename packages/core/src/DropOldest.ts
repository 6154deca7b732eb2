/** Keeps a Map within bounds. */

/**
 * Once there are more than `capacity` entries, the oldest go: several at a time, because finding the first entry of a Map walks
 * over the deleted ones before it.
 */
export const dropOldest = <K, V>(map: Map<K, V>, capacity: number, dropped: (value: V) => void = () => {}): void => {
  if (map.size <= capacity) return
  let left = 1 + Math.floor(capacity / 64)
  for (const [key, value] of map) {
    map.delete(key)
    dropped(value)
    if (--left === 0) return
  }
}

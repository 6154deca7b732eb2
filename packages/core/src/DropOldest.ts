/** Keeps a Map within bounds. */

/**
 * Once there are more than `capacity` entries, the oldest go: some at once, as the first entry of a Map is found the more
 * slowly the more have been deleted before it.
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

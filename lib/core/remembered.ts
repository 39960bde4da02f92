/**
 * The last results of something that always comes out the same for a key; the one not asked for the longest goes first. What is
 * kept is shared by everybody who asks: never change it.
 *
 * @param most of all together, in the unit of `sizeOf`; without it, how many. One that is larger by itself is not kept.
 */
export function makeRemembered<Value>(most: number, sizeOf: (value: Value) => number = () => 1) {
  const kept = new Map<string, Value>();
  let size = 0;
  function drop(key: string) {
    const value = kept.get(key);
    if (value === undefined) return;
    kept.delete(key);
    size -= sizeOf(value);
  }
  return {
    get(key: string): Value | undefined {
      const value = kept.get(key);
      if (value === undefined) return undefined;
      kept.delete(key);
      kept.set(key, value);
      return value;
    },
    keep(key: string, value: Value): Value {
      drop(key);
      if (sizeOf(value) > most) return value;
      kept.set(key, value);
      size += sizeOf(value);
      for (const oldest of kept.keys()) {
        if (size <= most) break;
        drop(oldest);
      }
      return value;
    },
  };
}

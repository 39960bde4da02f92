/**
 * The last results of something that always comes out the same for a key, `most` of them; the one not asked for the longest goes
 * first. What is kept is shared by everybody who asks: never change it.
 */
export function makeRemembered<Value>(most: number) {
  const kept = new Map<string, Value>();
  return {
    get(key: string): Value | undefined {
      const value = kept.get(key);
      if (value === undefined) return undefined;
      kept.delete(key);
      kept.set(key, value);
      return value;
    },
    keep(key: string, value: Value): Value {
      kept.set(key, value);
      for (const oldest of kept.keys()) {
        if (kept.size <= most) break;
        kept.delete(oldest);
      }
      return value;
    },
  };
}

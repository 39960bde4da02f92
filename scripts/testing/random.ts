import { randomInt } from 'node:crypto';

/** Numbers from 0 to 1 that LECTERN_TEST_SEED makes come again; the seed is printed. */
export function seededRandom(): () => number {
  const seed = Number(process.env.LECTERN_TEST_SEED) || randomInt(1, 2 ** 31);
  console.log(`LECTERN_TEST_SEED=${seed}`);
  return randomFrom(seed);
}

/** The same numbers for the same seed. */
export function randomFrom(seed: number): () => number {
  // mulberry32
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type Room = { /** Waits for its turn. @returns gives the room back; to be called once */ take(amount: number): Promise<() => void> };

/** So much at once and no more, in the order of asking. What is larger than all there is takes all there is. */
export function makeRoom(most: number): Room {
  let free = most;
  const waiting: { amount: number; go: () => void }[] = [];
  const serve = () => {
    while (waiting[0] && waiting[0].amount <= free) {
      const { amount, go } = waiting.shift()!;
      free -= amount;
      go();
    }
  };
  return {
    take: (wanted) => {
      const amount = Math.min(wanted, most);
      return new Promise((resolve) => {
        const give = () => {
          free += amount;
          serve();
        };
        waiting.push({ amount, go: () => resolve(give) });
        serve();
      });
    },
  };
}

/**
 * Kills a controller at a step: from the named call on (after its effect, before its answer), every call of its ports hangs, as those
 * of a killed process would, and nothing it does reaches anybody. `kill` may make it true for the whole process.
 */
export function makeKillSwitch(after: string | undefined, kill = () => {}) {
  let killed = false;
  const never = new Promise<never>(() => {});
  return {
    killed: () => killed,
    wrap<Port extends object>(name: string, port: Port): Port {
      return new Proxy(port, {
        get(target, method: string) {
          const original = Reflect.get(target, method) as unknown;
          if (typeof original !== 'function' || method === 'now' || method === 'onChange') return original;
          return async (...given: unknown[]) => {
            if (killed) return never;
            const answer: unknown = await (original as (...given: unknown[]) => Promise<unknown>).apply(target, given);
            const step = `${name}.${method}${method === 'move' ? ` ${(given[2] as { to: string }).to}` : ''}`;
            if (step === after) {
              killed = true;
              kill();
            }
            return killed ? never : answer;
          };
        },
      });
    },
  };
}

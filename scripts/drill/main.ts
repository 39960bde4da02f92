import { hostileDrill } from './hostile.ts';

// `npm run drill`: hostile servers beside a class. `-- --saves` and `-- --class` are the other drills, each a program of its own with its
// own options.
const others = new Map([['--saves', './saves.ts'], ['--class', './class.ts']]);
const [first = '', ...rest] = process.argv.slice(2);
const other = others.get(first);
process.exit(other ? await runOther(other, rest) : await hostileDrill(process.argv.slice(2)));

async function runOther(name: string, args: string[]): Promise<number> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', new URL(name, import.meta.url).pathname, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Browser, type Page } from '@playwright/test';

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(Boolean);
/** No errands of its own, as a figure needs it. */
const args = ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
const PATIENCE_MS = 90_000;

export const launchBrowser = (...more: string[]): Promise<Browser> => chromium.launch({ executablePath, args: [...args, ...more] });

export type LoneBrowser = {
  /** Its page, for as long as the work takes. */
  drive<T>(work: (page: Page) => Promise<T>): Promise<T>;
  /** Waits for such a title of its page, without anybody connected to it. @throws when there is none in a minute and a half */
  title(like: RegExp): Promise<RegExpExecArray>;
  close(): Promise<void>;
};

/**
 * A browser with nobody connected to it but while it is driven, as learners' are: what is connected is told of every
 * request, frame and script, which took a click on two cores 100 to 150 ms more.
 */
export async function launchLone(): Promise<LoneBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'lectern-bench-'));
  const own = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--disable-extensions', '--disable-default-apps', '--hide-scrollbars', '--window-size=1280,720', 'about:blank'];
  const child = spawn(executablePath ?? chromium.executablePath(), [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(child, 'exit');
  const listening = new Promise<string>((resolve) =>
    createInterface({ input: child.stderr }).on('line', (line) => {
      const match = /DevTools listening on ws:\/\/(\S+?)\//.exec(line);
      if (match) resolve(`http://${match[1]!}`);
    }),
  );
  const address = await Promise.race([listening, gone.then(() => Promise.reject(new Error('the browser ended before it listened')))]);

  return {
    async drive(work) {
      const browser = await chromium.connectOverCDP(address);
      try {
        const [context] = browser.contexts();
        return await work(context!.pages()[0] ?? (await context!.newPage()));
      } finally {
        await browser.close();
      }
    },
    async title(like) {
      for (const began = performance.now(); performance.now() - began < PATIENCE_MS; await new Promise((soon) => setTimeout(soon, 200))) {
        const pages = (await (await fetch(`${address}/json/list`)).json()) as { title: string }[];
        for (const { title } of pages) {
          const match = like.exec(title);
          if (match) return match;
        }
      }
      throw new Error(`no page had the title ${String(like)}`);
    },
    async close() {
      child.kill();
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Config } from '../../lib/config/config.ts';
import { Obstacle, type Progress } from '../progress.mjs';
import type { FirstData } from './first-data.ts';

/** Puts the demonstration course and people into a database without them. @returns what is shown once: passwords and the link */
export async function fill(root: string, env: NodeJS.ProcessEnv, adminLink: boolean): Promise<FirstData> {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'scripts/up/first-data.ts'), ...(adminLink ? ['--admin-link'] : [])];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [answer, complaint] = await Promise.all([text(child.stdio[3] as Readable), text(child.stderr!), once(child, 'close')]);
  if (!answer) throw new Obstacle(`The demonstration course could not be put into the database:\n${complaint.slice(-3000)}`);
  return JSON.parse(answer) as FirstData;
}

/** The last thing a person reads before they open the site. */
export function welcome(config: Config, { demo, adminLink }: FirstData, logDir: string, progress: Progress): void {
  const lines = ['', `Lectern is ready: ${config.site.origin}`];
  if (adminLink) lines.push('', 'Sign in as admin with this link, once, within a day:', `  ${adminLink}`);
  if (demo.length) {
    lines.push('', 'Demonstration sign-ins; the passwords are shown only now:');
    for (const { email, password } of demo) lines.push(`  ${email.padEnd(26)} ${password}`);
  }
  lines.push('', `Logs: ${relative(process.cwd(), logDir) || '.'}   Ctrl-C stops everything.`);
  progress.line(lines.join('\n'));
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type { Config } from '../../lib/config/config.ts';
import { Obstacle, type Progress } from '../progress.mjs';
import type { FirstData } from './first-data.ts';

/** Kept only from the making of the passwords until they were shown: a first start may fail in between. */
const unshown = (stateDir: string) => join(stateDir, 'not-yet-shown.json');

/** Puts the demonstration course and people into a database without them. @returns what is shown once: passwords and the link */
export async function fill(root: string, env: NodeJS.ProcessEnv, stateDir: string, adminLink: boolean): Promise<FirstData> {
  const file = unshown(stateDir);
  const made = await firstData(root, env, adminLink);
  if (made.demo.length) writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  if (!existsSync(file)) return made;
  const before = JSON.parse(readFileSync(file, 'utf8')) as FirstData;
  return { demo: before.demo, adminLink: made.adminLink ?? before.adminLink };
}

async function firstData(root: string, env: NodeJS.ProcessEnv, adminLink: boolean): Promise<FirstData> {
  const args = ['--disable-warning=ExperimentalWarning', join(root, 'scripts/up/first-data.ts'), ...(adminLink ? ['--admin-link'] : [])];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [answer, complaint] = await Promise.all([text(child.stdio[3] as Readable), text(child.stderr!), once(child, 'close')]);
  if (!answer) throw new Obstacle(`The demonstration course could not be put into the database:\n${complaint.slice(-3000)}`);
  return JSON.parse(answer) as FirstData;
}

export const adminLinkText = (link: string) => `\nSign in as admin with this link, once, within a day:\n  ${link}`;

/** The last thing a person reads before they open the site. */
export function welcome(config: Config, { demo, adminLink }: FirstData, logDir: string, progress: Progress): void {
  const lines = ['', `Lectern is ready: ${config.site.origin}`];
  if (adminLink) lines.push(adminLinkText(adminLink));
  if (demo.length) {
    lines.push('', 'Demonstration sign-ins; the passwords are shown only now:');
    for (const { email, password } of demo) lines.push(`  ${email.padEnd(26)} ${password}`);
  }
  lines.push('', `Logs: ${relative(process.cwd(), logDir) || '.'}   Ctrl-C stops everything.`);
  progress.line(lines.join('\n'));
  rmSync(unshown(config.stateDir), { force: true });
}

import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../lib/config/config.ts';
import { Obstacle, type Note } from '../progress.mjs';

const LIMIT_MS = 120_000;

/** Resolves when the site answers through the front door. @throws Obstacle with the end of the logs after two minutes */
export async function siteAnswers(config: Config, note: Note, logDir: string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const status = await ask(config, '/readyz');
    if (status === 200) return;
    note(status ? `the site answers ${status}` : 'waiting for the site');
    if (Date.now() > deadline) throw new Obstacle(`The site did not answer in ${LIMIT_MS / 1000} s.\n${['web', 'gateway', 'controller'].map((name) => tail(logDir, name)).join('\n')}`);
    await pause(100);
  }
}

/** The status of a GET through the front door; undefined when nothing answers. Node need not resolve *.localhost, so the host is a header. */
function ask(config: Config, path: string): Promise<number | undefined> {
  const options = { host: config.host === '0.0.0.0' ? '127.0.0.1' : config.host, port: config.port, path, headers: { host: config.site.host }, timeout: 5_000, rejectUnauthorized: false, agent: false as const };
  return new Promise((done) => {
    const request = (config.tls ? httpsGet : httpGet)(options, (response) => {
      response.resume();
      done(response.statusCode);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', () => done(undefined));
  });
}

function tail(logDir: string, name: string): string {
  const file = join(logDir, `${name}.log`);
  try {
    return `--- ${file}\n${readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')}`;
  } catch {
    return `--- ${file}: empty`;
  }
}

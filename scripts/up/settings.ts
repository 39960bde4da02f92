import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig, type Config } from '../../lib/config/config.ts';
import { Obstacle } from '../progress.mjs';

/**
 * The settings as the programs will read them, before the database is there. Makes the state folder and the root secret.
 * @throws SettingError naming every bad setting
 */
export function readSettings(env: NodeJS.ProcessEnv): Config {
  const stateDir = resolve(env.LECTERN_STATE_DIR || '.lectern');
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
    if (!env.LECTERN_SECRET) keepSecret(join(stateDir, 'secret'));
  } catch (cause) {
    throw new Obstacle(`The state folder ${stateDir} cannot be written (${(cause as NodeJS.ErrnoException).code}). Choose another with LECTERN_STATE_DIR, or give it to this user.`);
  }
  return readConfig({ ...env, DATABASE_URL: env.DATABASE_URL || 'postgresql://not-yet' }).config;
}

function keepSecret(file: string) {
  try {
    writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

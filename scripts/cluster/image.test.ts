import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDockerfile } from './image.ts';

test('an image made without an engine is run as its Dockerfile says', () => {
  const config = readDockerfile(readFileSync(join(import.meta.dirname, '../../k8s/images/notebook/Dockerfile'), 'utf8'));
  expect(config).toMatchObject({ User: '1000:1000', WorkingDir: '/home/learner', Entrypoint: ['/opt/lectern/python/bin/python', '-P', '-m', 'lectern_server'] });
  expect(config.Env).toContain('HOME=/home/learner');
  expect(config.Env).toContain('PATH=/opt/lectern/python/bin:/usr/local/bin:/usr/bin:/bin');
});

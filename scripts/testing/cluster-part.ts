import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

const file = (name: string) => join(inject('clusterDir'), 'parts', name);

/** Ends a part of the test cluster, such as `kube-apiserver`, without a goodbye. Only where the cluster is ours to break. */
export const killPart = (name: string) => process.kill(Number(readFileSync(`${file(name)}.pid`, 'utf8')), 'SIGKILL');

export const startPart = (name: string) => spawn(file(name), { detached: true, stdio: 'ignore' }).unref();

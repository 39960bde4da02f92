import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';

const call = promisify(execFile);
const kubectl = async (...args: string[]) => (await call('kubectl', ['--kubeconfig', inject('kubeconfig'), ...args])).stdout;

test('the cluster has a node that is ready', async () => {
  expect(await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')).toMatch(/^True\b/);
});

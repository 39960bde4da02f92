import { resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { preparePython } from '../python-environment.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the notebook environment real Jupyter servers are started from. */
    pythonDir: string;
  }
}

/** The notebook environment: the one `LECTERN_TEST_PYTHON_DIR` names, else the tree's own, made on the first run. */
export default async function setup(project: TestProject) {
  const dir = process.env.LECTERN_TEST_PYTHON_DIR ?? resolve(import.meta.dirname, '../../.lectern/python');
  await preparePython({ python: process.env.LECTERN_PYTHON ?? 'python3', dir, onProgress: (line) => process.stderr.write(`${line}\n`) });
  project.provide('pythonDir', dir);
}

import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** File that names the test cluster, as one who may do everything there. */
    kubeconfig: string;
    /** Its folder with `parts/`, see k8s/test-cluster/up.sh; empty for an outside cluster. */
    clusterDir: string;
    /** The notebook image that lies on its node; LECTERN_TEST_NOTEBOOK_IMAGE where the cluster is an outside one. */
    notebookImage: string;
  }
}

/** The cluster these tests run in. They make their own namespaces there, and remove them. */
export default function setup(project: TestProject) {
  const kubeconfig = process.env.LECTERN_TEST_KUBECONFIG;
  if (!kubeconfig) throw new Error('No cluster: run these tests by `npm run test:k8s -- <files>`, or name an outside cluster with LECTERN_TEST_KUBECONFIG.');
  project.provide('kubeconfig', kubeconfig);
  project.provide('clusterDir', process.env.LECTERN_TEST_CLUSTER ?? '');
  project.provide('notebookImage', process.env.LECTERN_TEST_NOTEBOOK_IMAGE ?? 'lectern/notebook');
}

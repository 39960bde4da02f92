/** To a worker: a job's bodies, piece by piece, then the job itself. `drop`: whoever sent a body stopped. */
export type ToWorker = { say: 'piece'; body: number; bytes: Uint8Array } | { say: 'do'; job: unknown } | { say: 'drop' };

/** From a worker. `ready`: its code is loaded. `failed` is a mistake of ours, told as text since an error may hold anything. */
export type FromWorker = { say: 'ready' } | { say: 'done'; result: unknown } | { say: 'failed'; how: string };

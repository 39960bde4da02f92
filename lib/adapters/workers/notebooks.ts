import { checkedFor, type CheckedNotebook } from '../../core/courses/import/notebook.ts';
import { ok, refuse, type Outcome, type Refusal } from '../../core/errors.ts';
import { Unreadable, type NotebookWork } from '../../core/lessons/notebook-work.ts';
import { notebookLimits, parseNotebook } from '../../core/lessons/notebook.ts';
import { sightOf, type Sight } from '../../core/lessons/sight.ts';
import { tooMany } from '../../core/shares.ts';
import { sameNotebook } from '../../core/workspaces/canonical.ts';
import type { NotebookJob } from './notebooks.worker.ts';
import { makePool, type Begun, type Ran } from './pool.ts';

/** Up to here a notebook is read where it is asked for, in 10 ms; most have a tenth of it, and to send them costs more. */
export const IN_PLACE_BYTES = 256 * 1024;

/**
 * One at a time, so that the other core is everybody's. Notebooks of 60 MB (long lines, short ones, numbers, 900,000 outputs) took up to two
 * seconds on a quiet machine and 790 MB with all that is not heap; one of nothing but brackets needs more, and is refused.
 */
const workers = { size: 1, waiting: 8, heapMb: 384, deadlineMs: 20_000 };

const tooLarge: Refusal = { code: 'too_large', say: 'This notebook holds more than can be read here. Clear its outputs, or make it several.', limitBytes: notebookLimits.bytes };

/** @param file `notebooks.worker.ts`, by its path: it is outside of Next's bundle */
export function makeNotebookWork(file: string): NotebookWork & { close(): Promise<void> } {
  const pool = makePool({ file, ...workers });
  const run = <Result>(job: NotebookJob, person: string, body: AsyncIterable<Uint8Array>) => pool.run<Result>(job, { person, bodies: [body] });
  const outcomeOf = <T>(ran: Ran<Outcome<T>>): Outcome<T> => (ran.state === 'done' ? ran.result : refuse(ran.state === 'full' ? tooMany : tooLarge));

  async function* checked(bytes: AsyncIterable<Uint8Array>, person: string): AsyncGenerator<Uint8Array> {
    const held: Uint8Array[] = [];
    let length = 0;
    let job: Begun | undefined;
    try {
      for await (const piece of bytes) {
        length += piece.length;
        held.push(piece);
        if (length > IN_PLACE_BYTES) {
          job ??= await pool.begin(person);
          if (!job) throw new Unreadable(tooMany);
          for (const one of held.splice(0)) await job.add(one);
        }
        yield piece;
      }
      const read = job ? outcomeOf(await job.run<Outcome<unknown>>({ do: 'check' } satisfies NotebookJob)) : parseNotebook(Buffer.concat(held).toString('utf8'));
      if (!read.ok) throw new Unreadable(read.refusal);
    } finally {
      job?.drop();
    }
  }

  async function hashOf(bytes: AsyncIterable<Uint8Array>, person: string): Promise<string | undefined> {
    const ran = await run<string | undefined>({ do: 'hash' }, person, bytes);
    return ran.state === 'done' ? ran.result : undefined;
  }

  return {
    checked,

    async sight(bytes, size, person) {
      if (size <= IN_PLACE_BYTES) return sightOf((await whole(bytes)).toString('utf8'));
      return outcomeOf(await run<Outcome<Sight>>({ do: 'sight' }, person, bytes));
    },

    async same(one, other, sizes, person) {
      if (sizes <= IN_PLACE_BYTES) return sameNotebook(await whole(one), await whole(other));
      // One after the other: two of 60 MB together would need more memory than a worker has.
      const first = await hashOf(one, person);
      return first !== undefined && first === (await hashOf(other, person));
    },

    async imported(file, bytes, size, person, to) {
      if (size <= IN_PLACE_BYTES) return importsInPlace.imported(file, bytes, size, person, to);
      return outcomeOf(await run<Outcome<CheckedNotebook>>({ do: 'import', file, to }, person, bytes));
    },

    close: pool.close,
  };
}

/** For a program of its own, which serves nobody beside. */
export const importsInPlace: Pick<NotebookWork, 'imported'> = {
  imported: async (file, bytes, _size, _person, to) => ok(checkedFor(to, file, await whole(bytes))),
};

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

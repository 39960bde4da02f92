import { createHash } from 'node:crypto';
import type { Root } from 'hast';
import { visit } from 'unist-util-visit';
import { makeRemembered } from '../remembered.ts';
import { codeBudget, isLight, pageBudget, proseBudget } from './budget.ts';
import { highlightPython, type Token } from './highlight.ts';
import { asTyped, render, type Prose } from './render.ts';

/** A text of a notebook. */
export type Piece = Prose | { kind: 'code'; source: string };

/** What a page shows of it, and the room that takes: `nodes` of the tree, and the characters in them. */
export type Prepared = { nodes: number; characters: number } & ({ tree: Root } | { tokens: Token[] });

/** How the preparing of one piece came out, and how long it took once its turn had come. `full`: too many of this person's wait. `late`: past its deadline. */
export type Ran = { tookMs: number } & ({ state: 'done'; result: Prepared } | { state: 'full' | 'late' | 'died' });

/** Prepares pieces where they hold up nobody, and ends what does not end. Turns are fair by person. */
export type Workers = { run(piece: Piece, person: string): Promise<Ran> };

/** What is remembered of all pages, in bytes: the tree of an ordinary cell has 10 kB, one of fifty formulas 1 MB. */
const REMEMBERED_BYTES = 48 * 1024 * 1024;
const NODE_BYTES = 250;
/** How long a page may prepare light pieces before others have their turn. */
const BREATH_MS = 10;

/** Prepares a piece, here and now. */
export function prepare(piece: Piece): Prepared {
  return piece.kind === 'code' ? ofTokens(highlightPython(piece.source)) : ofTree(render(piece));
}

/** The piece as somebody typed it, which costs nothing. */
const typed = (piece: Piece): Prepared => (piece.kind === 'code' ? ofTokens([{ text: piece.source }]) : ofTree(asTyped(piece.source.slice(0, proseBudget.characters))));

const ofTokens = (tokens: Token[]): Prepared => ({ tokens, nodes: tokens.length, characters: tokens.reduce((sum, { text }) => sum + text.length, 0) });

function ofTree(tree: Root): Prepared {
  let [nodes, characters] = [0, 0];
  visit(tree, (node) => {
    nodes += 1;
    // Where it stood in its source is nothing a page shows, and half of what it takes to send.
    delete node.position;
    if ('value' in node) characters += node.value.length;
    else if ('properties' in node) for (const value of Object.values(node.properties)) characters += typeof value === 'string' ? value.length : 0;
  });
  return { tree, nodes, characters };
}

/** Texts in their places, by hash: what comes out is the same for everybody who reads them. */
const keyOf = (piece: Piece): string => createHash('sha256').update(JSON.stringify([piece.kind, piece.source, piece.kind === 'code' ? null : piece.place])).digest('base64');

const sizeOf = ({ nodes, characters }: Prepared) => nodes * NODE_BYTES + characters * 2;

/**
 * What the site shows of notebooks' texts. Each is prepared once: a light one at once, the rest by workers. One that did not end is
 * shown as it was typed, and not tried again for as long as that is remembered.
 */
export function makePreparing(workers: Workers, onGivenUp: (facts: { kind: Piece['kind']; characters: number; how: 'late' | 'died' | unknown }) => void) {
  const remembered = makeRemembered<Prepared>(REMEMBERED_BYTES, sizeOf);
  /** A class that opens a lesson together waits for each of its texts once. */
  const underWay = new Map<string, Promise<Ran>>();

  function run(key: string, piece: Piece, person: string): Promise<Ran> {
    const giveUp = (how: unknown, tookMs = 0): Ran => {
      onGivenUp({ kind: piece.kind, characters: piece.source.length, how });
      return { state: 'done', result: typed(piece), tookMs };
    };
    const running = workers
      .run(piece, person)
      .then((ran) => (ran.state === 'late' || ran.state === 'died' ? giveUp(ran.state, ran.tookMs) : ran), giveUp)
      .finally(() => underWay.delete(key));
    underWay.set(key, running);
    return running;
  }

  return {
    /**
     * For one reader's one page, which may take `renderMs` of workers and have so many nodes; what comes after that is shown as typed, this
     * time, and what would be too many nodes as well.
     */
    page(person: string, { renderMs = pageBudget.renderMs, nodes = pageBudget.nodes }: { renderMs?: number; nodes?: number } = {}) {
      let spentMs = 0;
      let given = 0;
      let breathAt = performance.now();

      async function prepared(piece: Piece): Promise<Prepared> {
        const key = keyOf(piece);
        const known = remembered.get(key);
        if (known) return known;
        if (isLight(piece.kind, piece.source)) {
          if (performance.now() - breathAt > BREATH_MS) {
            await new Promise((resolve) => setImmediate(resolve));
            breathAt = performance.now();
          }
          return remembered.keep(key, prepare(piece));
        }
        if (spentMs > renderMs) return typed(piece);
        const ran = await (underWay.get(key) ?? run(key, piece, person));
        spentMs += ran.tookMs;
        breathAt = performance.now();
        return ran.state === 'done' ? remembered.keep(key, ran.result) : typed(piece);
      }

      async function shown(piece: Piece): Promise<Prepared> {
        if (given > nodes || (piece.kind === 'code' && piece.source.length > codeBudget)) return typed(piece);
        const ready = await prepared(piece);
        if (given + ready.nodes > nodes) return typed(piece);
        given += ready.nodes;
        return ready;
      }

      return {
        /** A safe tree. */
        async prose(piece: Prose): Promise<Prepared & { tree: Root }> {
          return (await shown(piece)) as Prepared & { tree: Root };
        },
        /** Python in its colours. */
        async code(source: string): Promise<Token[]> {
          return ((await shown({ kind: 'code', source })) as Prepared & { tokens: Token[] }).tokens;
        },
      };
    },
  };
}

export type Preparing = ReturnType<typeof makePreparing>;
export type PagePreparing = ReturnType<Preparing['page']>;

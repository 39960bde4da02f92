'use client';

import { useEffect, useEffectEvent, useImperativeHandle, useRef, useState, type KeyboardEvent, type ReactNode, type Ref } from 'react';
import type { Editor } from '../lesson/editor.client.ts';
import { loadEditor } from '../lesson/editor-loader.client.ts';
import { useLesson } from '../lesson/lesson-context.client.ts';

export type CodeHandle = { edit(): void };

type Props = { id: string; source: string; label: string; readOnly: boolean; highlighted: ReactNode; startsOpen: boolean; left(): void; ref: Ref<CodeHandle> };

/** Code that becomes an editor when somebody wants to edit it. Until then it is the site's highlighted text, and costs nothing. */
export function Code({ id, source, label, readOnly, highlighted, startsOpen, left, ref }: Props) {
  const lesson = useLesson();
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor>(undefined);
  const loading = useRef<{ typed: string; at?: { x: number; y: number } }>(undefined);
  const [ready, setReady] = useState(false);

  async function open(at?: { x: number; y: number }) {
    if (editor.current) return editor.current.focus(at);
    if (loading.current) return undefined;
    loading.current = { typed: '', at };
    lesson.prepare();
    const loaded = await loadEditor();
    const parent = host.current;
    // Without a network it may not come: the next click tries again.
    if (!loaded) loading.current = undefined;
    if (!loaded || !parent || editor.current) return undefined;
    editor.current = loaded.makeEditor({
      parent,
      source: lesson.cell(id)?.cell.source ?? '',
      label,
      changed: (next) => lesson.edit(id, next),
      complete: async (code, position) => lesson.link()?.complete(code, position),
      left,
    });
    setReady(true);
    return undefined;
  }

  useEffect(() => {
    if (!ready) return;
    const { typed, at } = loading.current ?? { typed: '' };
    loading.current = undefined;
    editor.current?.focus(at);
    if (typed) editor.current?.insert(typed);
  }, [ready]);

  // What the cell holds now, not what it held when this was rendered: somebody who types is ahead of React.
  useEffect(() => editor.current?.setSource(lesson.cell(id)?.cell.source ?? source), [lesson, id, source, ready]);
  useEffect(() => editor.current?.setReadOnly(readOnly), [readOnly, ready]);
  useEffect(
    () => () => {
      editor.current?.destroy();
      editor.current = undefined;
    },
    [],
  );
  useImperativeHandle(ref, () => ({ edit: () => void open() }));

  const openNew = useEffectEvent(() => {
    if (startsOpen) void open();
  });
  useEffect(() => openNew(), []);

  /** What is typed while the editor is on its way is not lost. */
  function onKeyDown(event: KeyboardEvent) {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        void open();
      }
      return;
    }
    event.preventDefault();
    void open();
    if (loading.current) loading.current.typed += event.key;
  }

  return (
    <div className="nb-editor">
      {!ready && (
        <div
          role="textbox"
          aria-label={label}
          aria-multiline
          aria-readonly={readOnly}
          tabIndex={0}
          className="nb-static"
          onFocus={() => void loadEditor()}
          onKeyDown={readOnly ? undefined : onKeyDown}
          onClick={(event) => {
            if (!readOnly && String(getSelection()) === '') void open({ x: event.clientX, y: event.clientY });
          }}
        >
          {highlighted ?? <pre className="nb-code">{source || '\n'}</pre>}
        </div>
      )}
      <div ref={host} hidden={!ready} />
    </div>
  );
}

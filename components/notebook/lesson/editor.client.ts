import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, startCompletion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { Annotation, Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import type { Completions } from '../runs/kernel.client.ts';

type Options = {
  parent: HTMLElement;
  source: string;
  label: string;
  changed(source: string): void;
  complete(code: string, at: number): Promise<Completions | undefined>;
  left(): void;
};

export type Editor = {
  focus(at?: { x: number; y: number }): void;
  insert(text: string): void;
  setSource(source: string): void;
  setReadOnly(readOnly: boolean): void;
  destroy(): void;
};

/** As in Jupyter: after a name Tab completes it, elsewhere it indents. */
function completeOrIndent(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  const column = head - line.from;
  if (/[\w.]$/.test(line.text.slice(0, column))) return startCompletion(view);
  view.dispatch(view.state.replaceSelection(' '.repeat(4 - (column % 4))));
  return true;
}

const fromOutside = Annotation.define<boolean>();

/** A Python editor in place of highlighted code: same colours (`tok-*`), same measures (notebook.css). */
export function makeEditor({ parent, source, label, changed, complete, left }: Options): Editor {
  const readOnly = new Compartment();
  const kernelCompletions = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const word = context.matchBefore(/[\w.%]+/);
    if (!context.explicit && !(word && /\.\w*$/.test(word.text))) return null;
    const found = await complete(context.state.doc.toString(), context.pos);
    if (!found || found.matches.length === 0 || context.aborted) return null;
    return { from: found.from, to: found.to, options: found.matches.map((match) => ({ label: match })), validFor: /^[\w.]*$/ };
  };
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: source,
      extensions: [
        history(),
        drawSelection(),
        python(),
        indentUnit.of('    '),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        syntaxHighlighting(classHighlighter),
        autocompletion({ override: [kernelCompletions], defaultKeymap: true, activateOnTypingDelay: 150 }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label, autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false' }),
        readOnly.of([]),
        keymap.of([
          // Tab would hold keyboard users fast, so Escape leaves the editor.
          {
            key: 'Escape',
            run: (editor) => {
              if (completionStatus(editor.state)) return false;
              left();
              return true;
            },
          },
          {
            key: 'Tab',
            run: (editor) => acceptCompletion(editor) || (editor.state.selection.main.empty ? completeOrIndent(editor) : indentMore(editor)),
            shift: indentLess,
          },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter' && key !== 'Shift-Enter'),
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((each) => each.annotation(fromOutside))) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    focus(at) {
      view.focus();
      const position = at && view.posAtCoords(at);
      if (position != null) view.dispatch({ selection: { anchor: position } });
    },
    insert: (text) => view.dispatch(view.state.replaceSelection(text)),
    setSource(next) {
      if (view.state.doc.toString() === next) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next }, annotations: fromOutside.of(true) });
    },
    setReadOnly: (value) => view.dispatch({ effects: readOnly.reconfigure(value ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : []) }),
    destroy: () => view.destroy(),
  };
}

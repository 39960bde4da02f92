import clsx from 'clsx';
import type { CSSProperties, ReactNode } from 'react';
import { ansiSpans, type Span } from '../../../lib/core/lessons/ansi.ts';
import type { OutputView, RichView } from '../../../lib/core/lessons/output.ts';

export type ActiveView = Extract<OutputView, { kind: 'active' }>;

/** Text past this is shown on demand: a browser lays out megabytes of it for seconds. */
export const longestText = 40_000;

/** One output. What needs the sanitiser or the output frame is the caller's to render. */
export function OutputItem({ view, rich, active, whole = false }: { view: OutputView; rich: (view: RichView) => ReactNode; active: (view: ActiveView) => ReactNode; whole?: boolean }) {
  switch (view.kind) {
    case 'text':
      return <Text text={view.text} whole={whole} className={view.stream === 'stderr' ? 'nb-text nb-stderr' : 'nb-text'} />;
    case 'error':
      return <Text text={view.text} whole={whole} className="nb-text nb-error" />;
    case 'html':
    case 'markdown':
    case 'latex':
      return rich(view);
    case 'image':
      return <img className="nb-image" src={view.src} alt={view.alt} width={view.width} height={view.height} />;
    case 'json':
      return <Text text={view.text} whole={whole} className="nb-text" />;
    case 'active':
      return active(view);
    case 'unsupported':
      return <p className="nb-note">{view.text}</p>;
  }
}

/** Whether the output is shown in part. */
export const isCut = (view: OutputView): boolean => (view.kind === 'text' || view.kind === 'error' || view.kind === 'json') && view.text.length > longestText;

function Text({ text, whole, className }: { text: string; whole: boolean; className: string }) {
  const shown = whole || text.length <= longestText ? text : `${text.slice(0, longestText / 2)}\n\u2026\n${text.slice(-longestText / 2)}`;
  return (
    <pre className={className}>
      {ansiSpans(shown).map((span, i) =>
        Object.keys(span).length === 1 ? (
          span.text
        ) : (
          <span key={i} className={clsx(span.bold && 'font-semibold', span.italic && 'italic', span.underline && 'underline', span.dim && 'opacity-70')} style={styleOf(span)}>
            {span.text}
          </span>
        ),
      )}
    </pre>
  );
}

const colourOf = (name: string | undefined) => (name?.startsWith('rgb') ? name : name && `var(--ansi-${name})`);

/** A colour chosen for nobody's page, such as those of IPython's tracebacks: its lightness is kept where it can be read, by day and by night. */
const readable = (colour: string | undefined) => (colour?.startsWith('rgb') ? `light-dark(oklch(from ${colour} min(l, 0.48) c h), oklch(from ${colour} max(l, 0.75) c h))` : colourOf(colour));

const styleOf = ({ color, background }: Span): CSSProperties | undefined =>
  color || background ? { color: background ? colourOf(color) : readable(color), backgroundColor: colourOf(background) } : undefined;

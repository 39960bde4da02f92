import { highlightPython } from '../../lib/core/lessons/highlight.ts';

/** Python in the colours the editor will give it. */
export function Tokens({ source }: { source: string }) {
  return (
    <pre className="nb-code">
      <code>
        {highlightPython(source).map(({ text, className }, i) =>
          className ? (
            <span key={i} className={className}>
              {text}
            </span>
          ) : (
            text
          ),
        )}
        {/* An editor's last line is as high when it is empty. */}
        {source === '' || source.endsWith('\n') ? '\n' : null}
      </code>
    </pre>
  );
}

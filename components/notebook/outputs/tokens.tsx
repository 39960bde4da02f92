import type { Token } from '../../../lib/core/lessons/highlight.ts';

/** Python in the colours the editor will give it. */
export function Tokens({ tokens }: { tokens: Token[] }) {
  return (
    <pre className="nb-code">
      <code>
        {tokens.map(({ text, className }, i) =>
          className ? (
            <span key={i} className={className}>
              {text}
            </span>
          ) : (
            text
          ),
        )}
        {/* An editor's last line is as high when it is empty. */}
        {(tokens.at(-1)?.text ?? '\n').endsWith('\n') ? '\n' : null}
      </code>
    </pre>
  );
}

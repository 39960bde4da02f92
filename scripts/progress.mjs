// What a person sees of a long command. Plain JavaScript without packages: it runs before anything is installed.

/** Something in the way that a person can mend; the message names it and says how. Shown without a stack. */
export class Obstacle extends Error {
  name = 'Obstacle';
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const seconds = (ms) => (ms < 99_950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`);

/**
 * Reports steps. On a terminal the running step is one line that is redrawn; elsewhere it is a line at its start, one
 * every `quietMs` and one at its end, so that a log shows that something still happens.
 */
export function makeProgress(out = process.stdout, { quietMs = 15_000 } = {}) {
  const live = Boolean(out.isTTY);
  const paint = (code, text) => (live && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text) => out.write(`${live ? '\r\u001b[K' : ''}${text}\n`);

  return {
    line,
    warn: (text) => line(`${paint(33, '!')} ${text}`),

    /** Runs `work` as a step. It may call `note` with what it is doing, and resolves with a few words for the finished line. */
    async step(title, work) {
      const began = Date.now();
      let doing = '';
      let frame = 0;
      const draw = () => {
        const width = out.columns ?? 100;
        const text = `${frames[(frame = (frame + 1) % frames.length)]} ${title}  ${seconds(Date.now() - began)}${doing ? `  ${doing}` : ''}`;
        out.write(`\r\u001b[K${text.slice(0, width - 1)}`);
      };
      if (!live) line(`. ${title} ...`);
      const timer = setInterval(() => (live ? draw() : line(`  ${title}: ${seconds(Date.now() - began)}${doing ? `, ${doing}` : ''}`)), live ? 100 : quietMs);
      timer.unref();
      try {
        const result = await work((text) => (doing = text.trim().replace(/\s+/g, ' ')));
        line(`${paint(32, '✓')} ${title}  ${paint(2, seconds(Date.now() - began))}${typeof result === 'string' ? `  ${paint(2, result)}` : ''}`);
        return result;
      } catch (error) {
        line(`${paint(31, '✗')} ${title}  ${seconds(Date.now() - began)}`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** The end of a front door that failed: an obstacle as its sentence, anything else with its stack. */
export function explain(error) {
  if (error?.name === 'Obstacle' || error?.name === 'SettingError') return `\n${error.message}\n`;
  return `\n${error?.stack ?? error}\n`;
}

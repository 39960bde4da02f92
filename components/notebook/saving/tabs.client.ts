/**
 * Questions to the other tabs of this browser. Whoever can answer holds a lock of the topic's name, so that an asker knows
 * how many answers to wait for, and a tab that was closed or has crashed keeps nobody waiting.
 */
type Message = { ask: string; topic: string } | { answer: string; lock: string; yes: boolean };

const channelName = 'lectern-tabs';

/** Answers the topic's question until the returned function is called. Several may answer the same one. */
export function answerTabs(topic: string, answer: () => Promise<boolean>): () => void {
  const ended = new AbortController();
  const lock = `${topic} ${crypto.randomUUID()}`;
  const held = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  void navigator.locks.request(lock, () => held);
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (!('ask' in data) || data.topic !== topic) return;
    const reply = (yes: boolean) => !ended.signal.aborted && channel.postMessage({ answer: data.ask, lock, yes } satisfies Message);
    void answer().then(reply, () => reply(false));
  };
  return () => {
    ended.abort();
    channel.close();
  };
}

/**
 * Asks everybody in this browser who answers the topic, this tab's own included.
 * @returns whether all said yes in time; true when there is nobody
 */
export async function askTabs(topic: string, patienceMs: number): Promise<boolean> {
  const answering = async () => {
    const { held = [] } = await navigator.locks.query();
    return held.flatMap(({ name }) => (name?.startsWith(`${topic} `) ? [name] : []));
  };
  const silent = new Set(await answering());
  if (silent.size === 0) return true;
  const ask = crypto.randomUUID();
  const channel = new BroadcastChannel(channelName);
  let all = true;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (!('answer' in data) || data.answer !== ask) return;
      all &&= data.yes;
      silent.delete(data.lock);
      if (silent.size > 0) return;
      clearTimeout(timer);
      resolve();
    };
    channel.postMessage({ ask, topic } satisfies Message);
  });
  channel.close();
  // Who was closed meanwhile saved as it went, as any page does.
  if (silent.size > 0) all &&= (await answering()).every((lock) => !silent.has(lock));
  return all;
}

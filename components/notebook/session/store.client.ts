import { atNextFrame } from './frame.client.ts';

type Listener = () => void;

/** Tells React what changed, by topic, so that a printing cell renders itself and nothing else. */
export function makeTopics<Topic extends string>() {
  const listeners = new Map<Topic, Set<Listener>>();
  const soon = new Set<Topic>();

  function tell(topic: Topic) {
    soon.delete(topic);
    listeners.get(topic)?.forEach((listener) => listener());
  }

  return {
    subscribe(topic: Topic, listener: Listener): () => void {
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(listener));
      return () => set.delete(listener);
    },
    tell,
    /** For what passes by itself: told at the next frame, and not at all where the topic was told meanwhile. */
    tellSoon(topic: Topic) {
      if (soon.has(topic)) return;
      soon.add(topic);
      atNextFrame(() => soon.has(topic) && tell(topic));
    },
  };
}

type Listener = () => void;

/** Tells React what changed, by topic, so that a printing cell renders itself and nothing else. */
export function makeTopics<Topic extends string>() {
  const listeners = new Map<Topic, Set<Listener>>();
  return {
    subscribe(topic: Topic, listener: Listener): () => void {
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(listener));
      return () => set.delete(listener);
    },
    tell(topic: Topic) {
      listeners.get(topic)?.forEach((listener) => listener());
    },
  };
}

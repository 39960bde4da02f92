import { releaseProxy, wrap, type Endpoint, type Remote } from 'comlink';

/** What jupyter-iframe-commands in JupyterLab offers to the page around it. */
type Bridge = { execute(command: string, args?: object): Promise<unknown>; ready: Promise<void> };

export type LabCommands = {
  /** Saves all that is open there, whichever is in front. False when JupyterLab does not answer in time. */
  save(): Promise<boolean>;
  close(): void;
};

const patienceMs = 15_000;

/** Speaks to JupyterLab in a frame; only its window and origin are heard and spoken to. */
export function labCommands(target: Window, origin: string): LabCommands {
  const heard = new Map<EventListenerOrEventListenerObject, (event: MessageEvent) => void>();
  const endpoint: Endpoint = {
    postMessage: (message, transfer) => target.postMessage(message, origin, transfer),
    addEventListener(_, listener) {
      const guarded = (event: MessageEvent) => {
        if (event.source !== target || event.origin !== origin) return;
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      heard.set(listener, guarded);
      window.addEventListener('message', guarded);
    },
    removeEventListener(_, listener) {
      const guarded = heard.get(listener);
      if (guarded) window.removeEventListener('message', guarded);
      heard.delete(listener);
    },
  };
  const bridge: Remote<Bridge> = wrap<Bridge>(endpoint);
  return {
    async save() {
      const timeout = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), patienceMs));
      const saved = bridge.execute('docmanager:save-all').then(
        () => true,
        () => false,
      );
      return Promise.race([saved, timeout]);
    },
    close() {
      bridge[releaseProxy]();
      for (const guarded of heard.values()) window.removeEventListener('message', guarded);
    },
  };
}

import type { LessonId } from '../../../lib/core/ids.ts';
import { setEditor } from '../session/api.client.ts';
import type { Autosave } from '../saving/autosave.client.ts';
import type { WorkspaceAt } from '../session/session.ts';
import { answerTabs, askTabs } from '../saving/tabs.client.ts';

type Deps = {
  lesson: LessonId;
  editor: 'page' | 'lab';
  autosave: Pick<Autosave, 'flush' | 'load'>;
  /** Where the notebook is, also while there is no server to be had. */
  whereabouts: () => WorkspaceAt | undefined;
  changed: () => void;
};

const labMark = (lesson: LessonId) => `lectern-lab ${lesson}`;
const labTopic = ({ id, path }: WorkspaceAt) => `lectern save JupyterLab ${id} ${path}`;
const labPatienceMs = 10_000;

/** Which of the two editors has the notebook, and how it goes from one to the other: saved first, read after. */
export function makeHandover({ lesson, editor: editorAtStart, autosave, whereabouts, changed }: Deps) {
  let editor = editorAtStart;
  let labIsHere: boolean | undefined;
  let saveLab: (() => Promise<boolean>) | undefined;

  /** This tab shows JupyterLab, also after it was loaded anew. */
  function placeLab(here: boolean) {
    labIsHere = here;
    if (here) sessionStorage.setItem(labMark(lesson), 'here');
    else sessionStorage.removeItem(labMark(lesson));
  }

  /** Hands the notebook over, once it is saved. False when it could not be. */
  async function handOver(to: 'lab' | 'page'): Promise<boolean> {
    const at = whereabouts();
    if (!at) return false;
    if (to === 'lab' && !(await autosave.flush())) return false;
    const before = labIsHere ?? false;
    // Before the others hear of it: this tab must not take itself for one of them.
    placeLab(to === 'lab');
    const answer = await setEditor(at, to);
    if (answer.state !== 'ok') {
      placeLab(before);
      return false;
    }
    if (to === 'page') await autosave.load(at, true);
    editor = to;
    changed();
    return true;
  }

  return {
    editor: () => editor,
    /** Where JupyterLab has the notebook: in this tab or elsewhere. None where the page has it, and before the page has begun. */
    lab: (): 'here' | 'elsewhere' | undefined => (editor === 'page' || labIsHere === undefined ? undefined : labIsHere ? 'here' : 'elsewhere'),
    begin: () => placeLab(editor === 'lab' && sessionStorage.getItem(labMark(lesson)) !== null),
    /** Somebody, in whichever tab, has handed it over. @returns whether JupyterLab had it or has it, so that it may read otherwise */
    heard(next: 'page' | 'lab'): boolean {
      const was = editor;
      editor = next;
      if (next === 'page') placeLab(false);
      return was === 'lab' || next === 'lab';
    },
    handOver,
    /** Takes the notebook from a JupyterLab elsewhere. Where one can be asked it saves first; one that is gone, or does not answer, is not waited for. */
    async takeBack(): Promise<boolean> {
      const at = whereabouts();
      if (at) await askTabs(labTopic(at), labPatienceMs);
      return handOver('page');
    },
    /** Shows JupyterLab in this tab, where another one had opened it. */
    showLab() {
      placeLab(true);
      changed();
    },
    /** For the frame of JupyterLab: how it saves. @returns ends it, and the answers to other tabs that want the notebook back */
    showsLab(at: WorkspaceAt | undefined, save: () => Promise<boolean>): () => void {
      saveLab = save;
      const stopAnswering = at && answerTabs(labTopic(at), save);
      return () => {
        saveLab = undefined;
        stopAnswering?.();
      };
    },
    /** Everything in the site, what JupyterLab shows in this tab included. @returns whether it is */
    flush: async (options?: { keepalive?: boolean }) => (saveLab ? saveLab() : autosave.flush(options)),
  };
}

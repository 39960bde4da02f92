import { importLimits } from './limits.ts';

/** `error` stops the import, `warning` is something learners would stumble over, `note` is what the import does by itself. */
export type Severity = 'error' | 'warning' | 'note';

export type Problem = {
  severity: Severity;
  /** Stable word for tests and for people who search the documentation. */
  code:
    | 'unsafe_path' | 'link' | 'special_file' | 'encrypted' | 'duplicate' | 'case_clash' | 'too_large' | 'too_many' | 'left_out' | 'damaged' | 'no_notebooks'
    | 'json' | 'nbformat' | 'structure' | 'too_deep' | 'forbidden_key' | 'duplicate_id' | 'missing_id' | 'empty' | 'not_a_notebook' | 'merge' | 'encoding' | 'renamed' | 'nan' | 'repaired' | 'unknown_cell' | 'kernel' | 'missing_file' | 'absolute_link' | 'remote_image' | 'active_output' | 'no_heading';
  say: string;
  file?: string;
  /** Counted from 1, as Jupyter's users do. */
  cell?: number;
  line?: number;
  column?: number;
};

export type PlannedLesson = { path: string; slug: string; title: string };

/** What an import would make, and everything to know before it does. */
export type ImportReport = {
  problems: Problem[];
  /** Problems beyond those listed. */
  more: number;
  course?: { title: string; slug: string; summary: string; modules: { title: string; lessons: PlannedLesson[] }[]; files: number; bytes: number };
};

const ORDER: Record<Severity, number> = { error: 0, warning: 1, note: 2 };

export const hasErrors = (problems: Problem[]): boolean => problems.some((problem) => problem.severity === 'error');

/** Errors first, else in the order of finding; cut at the limit. */
export function listed(problems: Problem[]): Pick<ImportReport, 'problems' | 'more'> {
  const sorted = problems.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { problems: sorted.slice(0, importLimits.problems), more: Math.max(0, sorted.length - importLimits.problems) };
}

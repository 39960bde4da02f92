import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ImportReport, Problem, Severity } from '../../lib/core/courses/import/report.ts';
import { Alert } from '../ui/alert.tsx';
import { readableSize } from './upload-body.ts';

/** The result of a dry run: first what stands in the way, then what would be made. */
export function Report({ report }: { report: ImportReport }) {
  const { problems, more, course } = report;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.filter(({ severity }) => severity === 'warning').length;
  return (
    <div className="grid gap-8">
      {errors > 0 ? (
        <Alert tone="bad" live title={errors === 1 ? 'One thing must be mended first' : `${errors} things must be mended first`}>
          Nothing was kept. Mend what is listed and upload again.
        </Alert>
      ) : warnings > 0 ? (
        <Alert tone="warn" live title={warnings === 1 ? 'Ready, with one warning' : `Ready, with ${warnings} warnings`}>
          The course can be made as it is. Learners would stumble over what is listed.
        </Alert>
      ) : (
        <Alert tone="good" live title="Ready">
          No problem was found. Nothing is kept until you make the course.
        </Alert>
      )}
      {problems.length > 0 && <Problems problems={problems} more={more} />}
      {course && <Preview course={course} />}
    </div>
  );
}

const marks: Record<Severity, { icon: typeof Info; look: string; say: string }> = {
  error: { icon: CircleAlert, look: 'text-bad', say: 'Error' },
  warning: { icon: TriangleAlert, look: 'text-warn', say: 'Warning' },
  note: { icon: Info, look: 'text-ink-3', say: 'Note' },
};

function Problems({ problems, more }: { problems: Problem[]; more: number }) {
  return (
    <section aria-labelledby="problems">
      <h2 id="problems" className="mb-3 text-xl">
        What was found
      </h2>
      <ul className="overflow-hidden rounded-xl border border-line bg-surface shadow-card">
        {problems.map((problem, index) => {
          const { icon: Icon, look, say } = marks[problem.severity];
          return (
            <li key={index} className="flex gap-3 border-line px-4 py-3 not-first:border-t sm:px-5">
              <Icon aria-label={say} role="img" className={`mt-0.5 size-5 shrink-0 ${look}`} />
              <div className="min-w-0">
                {problem.file !== undefined && <p className="font-mono text-sm break-all text-ink-2">{placeOf(problem)}</p>}
                <p className="text-[0.9375rem]">{problem.say}</p>
              </div>
            </li>
          );
        })}
        {more > 0 && <li className="border-t border-line px-5 py-3 text-sm text-ink-3">and {more} more</li>}
      </ul>
    </section>
  );
}

const placeOf = ({ file, cell, line, column }: Problem): string => [file, cell === undefined ? undefined : `cell ${cell}`, line === undefined ? undefined : `line ${line}, column ${column}`].filter(Boolean).join(', ');

function Preview({ course }: { course: NonNullable<ImportReport['course']> }) {
  const lessons = course.modules.reduce((sum, module) => sum + module.lessons.length, 0);
  return (
    <section aria-labelledby="preview">
      <h2 id="preview" className="text-xl">
        {course.title}
      </h2>
      <p className="mt-1 mb-4 text-ink-2">
        {lessons === 1 ? '1 lesson' : `${lessons} lessons`}, {course.files === 1 ? '1 other file' : `${course.files} other files`}, {readableSize(course.bytes)}. Titles and order can be changed afterwards.
      </p>
      <ol className="grid gap-5">
        {course.modules.map((module, index) => (
          <li key={index}>
            <h3 className="text-base">{module.title}</h3>
            <ol className="mt-2 rounded-xl border border-line bg-surface">
              {module.lessons.map((lesson) => (
                <li key={lesson.path} className="flex flex-wrap items-baseline justify-between gap-x-4 border-line px-4 py-2.5 not-first:border-t">
                  <span>{lesson.title}</span>
                  <span className="font-mono text-xs break-all text-ink-3">{lesson.path}</span>
                </li>
              ))}
            </ol>
          </li>
        ))}
      </ol>
    </section>
  );
}

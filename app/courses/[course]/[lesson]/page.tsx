import 'katex/dist/katex.min.css';
import '../../../../components/notebook/notebook.css';
import type { Metadata } from 'next';
import { notFound, redirect } from 'next/navigation';
import { cache } from 'react';
import { Completion } from '../../../../components/notebook/view/completion.client.tsx';
import { LessonFoot, Outline } from '../../../../components/notebook/view/navigation.tsx';
import { NotebookView } from '../../../../components/notebook/view/notebook.client.tsx';
import { Busy } from '../../../../components/shell/busy.tsx';
import { Page } from '../../../../components/shell/page.tsx';
import { Alert } from '../../../../components/ui/alert.tsx';
import { actorOrSignIn } from '../../../../lib/web/actor.ts';
import { lessonPage, pagePreparing, type LessonPage as LessonContents } from '../../../../lib/web/lesson-page.ts';
import { complete } from './complete.ts';
import { renderCells } from './slots.tsx';

type Props = { params: Promise<{ course: string; lesson: string }> };

const load = cache(async (course: string, lesson: string) => {
  const actor = await actorOrSignIn(`/courses/${course}/${lesson}`);
  return { actor, found: await lessonPage(actor, course, lesson) };
});

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { course, lesson } = await params;
  const { found } = await load(course, lesson);
  return found.ok ? { title: `${found.value.title} · ${found.value.course.title}` } : {};
}

export default async function LessonPage({ params }: Props) {
  const { course, lesson } = await params;
  const { actor, found } = await load(course, lesson);
  if (!found.ok) {
    if (found.refusal.code === 'forbidden') redirect(`/courses/${course}`);
    if (found.refusal.code === 'throttled') return <Busy refusal={found.refusal} again={`/courses/${course}/${lesson}`} />;
    notFound();
  }
  const page = found.value;
  const rendered = page.notebook.ok ? await renderCells(page.notebook.value, { lesson: page.id, path: page.path }, page.foreign, await pagePreparing(actor)) : undefined;

  return (
    <Page width="full">
      <div className="nb-page">
        <Outline course={page.course} modules={page.outline} />
        <article className="nb-article">
          <h1 className={startsWithTitle(page.notebook) ? 'sr-only' : 'nb-title'}>{page.title}</h1>
          {rendered ? (
            <NotebookView key={page.id} lesson={page.id} user={actor.id} path={page.path} title={page.title} editor={page.editor} cells={rendered.cells} slots={rendered.slots} />
          ) : (
            <Alert tone="bad" title="This lesson cannot be shown">
              {page.notebook.ok ? null : page.notebook.refusal.say}
            </Alert>
          )}
          <LessonFoot course={page.course.slug} previous={page.previous} next={page.next}>
            <Completion lesson={page.id} completed={page.completed} complete={complete} />
          </LessonFoot>
        </article>
      </div>
    </Page>
  );
}

/** Notebooks mostly begin with their title; the page then shows none of its own. */
function startsWithTitle(notebook: LessonContents['notebook']): boolean {
  const first = notebook.ok ? notebook.value.notebook.cells[0] : undefined;
  return first?.type === 'markdown' && /^\s*#\s/.test(first.source);
}

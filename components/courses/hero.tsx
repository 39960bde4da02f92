import { ChartSpline, Play, ShieldCheck, SquareTerminal } from 'lucide-react';
import { ButtonLink } from '../ui/button.tsx';

/** What Lectern is, for somebody who sees it for the first time. */
export function Hero() {
  return (
    <section className="grid items-center gap-10 py-4 *:min-w-0 lg:grid-cols-[1.05fr_1fr] lg:gap-14 lg:py-10">
      <div>
        <h1 className="text-4xl sm:text-5xl">
          <span className="whitespace-nowrap">Read a little.</span> <span className="whitespace-nowrap">Run it. Change it.</span>
        </h1>
        <p className="mt-5 max-w-xl text-lg text-ink-2">
          Lectern is a course site in which every lesson is alive: the text, the code and your own Jupyter server on one page, ready before you are. There is nothing to install.
        </p>
        <div className="mt-7 flex flex-wrap gap-3">
          <ButtonLink variant="primary" size="lg" href="/courses">
            See the courses
          </ButtonLink>
          <ButtonLink size="lg" href="/sign-in">
            Sign in
          </ButtonLink>
        </div>
      </div>
      <Sample />
    </section>
  );
}

/** A still picture of a lesson, drawn with the site's own colours so that it fits both schemes. */
function Sample() {
  const months = [22, 30, 46, 62, 80, 96, 100, 94, 74, 52, 34, 24];
  return (
    <div role="img" aria-label="A lesson: a sentence, a cell of code, and the chart it draws" className="rounded-2xl border border-line bg-surface p-5 shadow-float sm:p-6">
      <div aria-hidden>
        <p className="text-lg font-semibold">A picture says more</p>
        <p className="mt-1 text-[0.9375rem] text-ink-2">Numbers in a row are hard to compare. Draw them:</p>
        <div className="mt-4 flex items-start gap-3 rounded-lg border border-line bg-sunken p-3">
          <span className="grid size-8 shrink-0 place-items-center rounded-full bg-accent text-accent-ink">
            <Play className="size-3.5 fill-current" />
          </span>
          <pre className="min-w-0 overflow-hidden pt-1 font-mono text-sm leading-6 text-ink">
            <span className="text-ink-3">for</span> town <span className="text-ink-3">in</span> towns:{'\n'}
            {'    '}plt.plot(months, <span className="text-accent">temperatures</span>[town])
          </pre>
        </div>
        <div className="mt-4 flex h-28 items-end gap-1.5 border-b border-l border-line-strong/50 px-2">
          {months.map((height, index) => (
            <span key={index} className="flex-1 rounded-t bg-accent" style={{ height: `${height}%`, opacity: 0.35 + height / 160 }} />
          ))}
        </div>
      </div>
    </div>
  );
}

const promises = [
  { icon: SquareTerminal, title: 'A server of your own', text: 'Opening a lesson hands you a running Jupyter server. Press Run and the output is there, in the lesson or in full JupyterLab.' },
  { icon: ShieldCheck, title: 'Nothing is lost', text: 'What you type is saved as you type it. Close the tab, lose the connection, come back next week: it is all there.' },
  { icon: ChartSpline, title: 'Real tools', text: 'Python with numpy, pandas and matplotlib, formulas, videos and charts you can touch. What you learn here works everywhere.' },
];

export function Promises() {
  return (
    <section aria-label="What you get" className="grid gap-6 border-y border-line py-10 sm:grid-cols-3 sm:gap-8">
      {promises.map(({ icon: Icon, title, text }) => (
        <div key={title}>
          <Icon aria-hidden className="size-6 text-accent" />
          <h2 className="mt-3 text-base">{title}</h2>
          <p className="mt-1.5 text-[0.9375rem] text-ink-2">{text}</p>
        </div>
      ))}
    </section>
  );
}

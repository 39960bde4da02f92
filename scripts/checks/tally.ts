/** Where one test is to be found. @param title with the titles of the groups around it, as its runner's own filter sees it */
export type TestPlace = { file: string; title: string };

/** Without `test` it is a failure of something else: a file that cannot be loaded, a teardown that found something left, a time limit. */
export type Failure = { name: string; test?: TestPlace };

/** What one stage of the tests came to. Names are complete enough to find the test. A flaky one is among those that passed, too. */
export type Tally = { passed: number; failures: Failure[]; skips: string[]; flaky: string[] };

export const nothing: Tally = { passed: 0, failures: [], skips: [], flaky: [] };
export const onePassed: Tally = { ...nothing, passed: 1 };
export const oneFailed = (name: string, test?: TestPlace): Tally => ({ ...nothing, failures: [test ? { name, test } : { name }] });
export const oneSkipped = (why: string): Tally => ({ ...nothing, skips: [why] });
export const oneFlaky = (name: string): Tally => ({ ...onePassed, flaky: [name] });

export const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failures: [...a.failures, ...b.failures],
  skips: [...a.skips, ...b.skips],
  flaky: [...a.flaky, ...b.flaky],
});

/** The last line of `npm test`. */
export const totals = ({ passed, failures, skips }: Tally) => `${passed} passed, ${failures.length} failed, ${skips.length} skipped`;

/** What we read of vitest's JSON report. */
export type VitestReport = {
  testResults: { name: string; status: string; message?: string; assertionResults: { fullName: string; status: string }[] }[];
};

/** @param root cut from file names */
export function tallyVitest(report: VitestReport, root: string): Tally {
  let sum = nothing;
  for (const file of report.testResults) {
    const name = file.name.replace(`${root}/`, '');
    // A file that could not even be loaded has no tests to fail; and what failed before or after its tests is none of them.
    if (file.message || (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'))) sum = add(sum, oneFailed(`${name}: ${file.message?.split('\n')[0] || 'did not run'}`));
    for (const test of file.assertionResults) {
      if (test.status === 'passed') sum = add(sum, onePassed);
      else if (test.status === 'failed') sum = add(sum, oneFailed(`${name}: ${test.fullName}`, { file: name, title: test.fullName }));
      else sum = add(sum, oneSkipped(`${name}: ${test.fullName}`));
    }
  }
  return sum;
}

type Note = { type: string; description?: string };
type Suite = { title: string; suites?: Suite[]; specs?: { title: string; file: string; tests: { status: string; annotations?: Note[] }[] }[] };

/** What we read of Playwright's JSON report. */
export type PlaywrightReport = { suites: Suite[]; errors: { message?: string }[] };

/** A test that passed only when tried again by Playwright, where it may not, counts as failed; and so does one that another's failure kept from running. */
export function tallyPlaywright(report: PlaywrightReport): Tally {
  const tallySuite = (suite: Suite, groups: string[]): Tally => {
    const specs = (suite.specs ?? []).flatMap((spec) =>
      spec.tests.map((test) => {
        const titles = [...groups, spec.title];
        const name = `${spec.file}: ${titles.join(' › ')}`;
        const place = { file: spec.file, title: titles.join(' ') };
        if (test.status === 'expected') return onePassed;
        if (test.status !== 'skipped') return oneFailed(name, place);
        const skip = test.annotations?.find(({ type }) => type === 'skip' || type === 'fixme');
        if (!skip) return oneFailed(`${name} (did not run)`, place);
        return oneSkipped(skip.description ? `${name} (${skip.description})` : name);
      }),
    );
    return [...specs, ...(suite.suites ?? []).map((inner) => tallySuite(inner, [...groups, inner.title]))].reduce(add, nothing);
  };
  const errors = report.errors.map((error) => oneFailed(`browser: ${(error.message ?? 'error').split('\n')[0]}`));
  return [...report.suites.map((file) => tallySuite(file, [])), ...errors].reduce(add, nothing);
}

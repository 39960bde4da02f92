/** What one stage of the tests came to. Names are complete enough to find the test. */
export type Tally = { passed: number; failures: string[]; skips: string[] };

export const nothing: Tally = { passed: 0, failures: [], skips: [] };
export const onePassed: Tally = { ...nothing, passed: 1 };
export const oneFailed = (name: string): Tally => ({ ...nothing, failures: [name] });
export const oneSkipped = (why: string): Tally => ({ ...nothing, skips: [why] });

export const add = (a: Tally, b: Tally): Tally => ({ passed: a.passed + b.passed, failures: [...a.failures, ...b.failures], skips: [...a.skips, ...b.skips] });

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
    // A file that could not even be loaded has no tests to fail.
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) sum = add(sum, oneFailed(`${name}: ${file.message?.split('\n')[0] ?? 'did not run'}`));
    for (const test of file.assertionResults) {
      if (test.status === 'passed') sum = add(sum, onePassed);
      else if (test.status === 'failed') sum = add(sum, oneFailed(`${name}: ${test.fullName}`));
      else sum = add(sum, oneSkipped(`${name}: ${test.fullName}`));
    }
  }
  return sum;
}

type Suite = { title: string; suites?: Suite[]; specs?: { title: string; file: string; tests: { status: string; annotations?: { type: string; description?: string }[] }[] }[] };

/** What we read of Playwright's JSON report. */
export type PlaywrightReport = { suites: Suite[]; errors: { message?: string }[] };

/** A test that passed only when tried again counts as failed. */
export function tallyPlaywright(report: PlaywrightReport): Tally {
  const tallySuite = (suite: Suite): Tally => {
    const specs = (suite.specs ?? []).flatMap((spec) =>
      spec.tests.map((test) => {
        const name = `${spec.file}: ${spec.title}`;
        if (test.status === 'expected') return onePassed;
        if (test.status !== 'skipped') return oneFailed(name);
        const why = test.annotations?.find((note) => note.type === 'skip')?.description;
        return oneSkipped(why ? `${name} (${why})` : name);
      }),
    );
    return [...specs, ...(suite.suites ?? []).map(tallySuite)].reduce(add, nothing);
  };
  const errors = report.errors.map((error) => oneFailed(`browser: ${(error.message ?? 'error').split('\n')[0]}`));
  return [...report.suites.map(tallySuite), ...errors].reduce(add, nothing);
}

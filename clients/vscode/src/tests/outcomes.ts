/**
 * What a run of tests came to: the server's answer in, what the Test Explorer is told out, and one
 * sentence for the person. Pure.
 */

import type { TestOutcome, TestRun, TestState } from '../contract.ts';

/** How the Test Explorer has it. */
export type Told = 'passed' | 'failed' | 'errored' | 'skipped';

/** Return how one test went; an outcome that we do not know counts as an error, never as a pass. */
export function toldOf(outcome: string): Told {
  switch (outcome) {
    case 'passed':
    case 'xfailed':
    case 'xpassed':
      return 'passed';
    case 'failed':
      return 'failed';
    case 'skipped':
      return 'skipped';
    default:
      return 'errored';
  }
}

/** Return how the server, asked afterwards, would say that the test stands. */
export function stateOf(outcome: string): TestState {
  const told = toldOf(outcome);
  if (told === 'skipped') {
    return 'unknown';
  }
  return told === 'passed' ? 'passed' : 'failed';
}

/**
 * Return what is said of a test that is not green; never empty.
 *
 * The first line is what an editor shows beside the code, so the error itself goes before pytest's
 * listing of the test.
 */
export function whyRed(test: TestOutcome): string {
  const whole = test.message?.trim() ?? '';
  if (whole === '') {
    return `${test.outcome}; the runner gave no message`;
  }
  const error = /^E {2,}(\S.*)$/m.exec(whole)?.[1];
  return error === undefined || whole.startsWith(error) ? whole : `${error}\n\n${whole}`;
}

/** Return a run in one sentence. */
export function summary(run: TestRun): string {
  const counts = [
    `${run.passed} passed`,
    run.failed.length > 0 ? `${run.failed.length} failed` : '',
    run.errors.length > 0 ? several(run.errors.length, 'error') : '',
    run.skipped > 0 ? `${run.skipped} skipped` : '',
  ];
  const n = run.passed + run.failed.length + run.errors.length + run.skipped;
  const said = n === 0 ? 'no tests were found' : counts.filter(Boolean).join(', ');
  return `${said} in ${seconds(run.duration_ms)}`;
}

export function isRed(run: TestRun): boolean {
  return run.failed.length > 0 || run.errors.length > 0;
}

/** Return runs as one, as where several folders or files were asked for one by one. */
export function together(runs: readonly TestRun[]): TestRun {
  const problems = runs.flatMap((run) => run.problems ?? []);
  return {
    passed: sum(runs.map((run) => run.passed)),
    failed: runs.flatMap((run) => run.failed),
    errors: runs.flatMap((run) => run.errors),
    skipped: sum(runs.map((run) => run.skipped)),
    duration_ms: sum(runs.map((run) => run.duration_ms)),
    tests: runs.flatMap((run) => run.tests),
    ...(problems.length === 0 ? {} : { problems }),
  };
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function several(n: number, one: string): string {
  return n === 1 ? `1 ${one}` : `${n} ${one}s`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

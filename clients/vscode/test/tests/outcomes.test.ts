import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestRun } from '../../src/contract.ts';
import { isRed, summary, toldOf, together, whyRed } from '../../src/tests/outcomes.ts';

const RUN: TestRun = {
  passed: 3,
  failed: ['t.py::test_a'],
  errors: [],
  skipped: 1,
  duration_ms: 944,
  tests: [],
};

describe('an outcome', () => {
  it('is told as the Test Explorer has it', () => {
    assert.deepEqual(
      ['passed', 'xfailed', 'xpassed', 'failed', 'skipped', 'error'].map(toldOf),
      ['passed', 'passed', 'passed', 'failed', 'skipped', 'errored'],
    );
  });

  it('that nobody knows is an error, never a pass', () => assert.equal(toldOf('wobbled'), 'errored'));

  it('that is red always says something', () => {
    const test = { nodeid: 't', outcome: 'failed', duration_ms: null };
    assert.equal(whyRed({ ...test, message: 'assert 1 == 2\n' }), 'assert 1 == 2');
    assert.equal(whyRed({ ...test, message: ' ' }), 'failed; the runner gave no message');
    const listing = 'def test_a():\n>   assert 1 == 2\nE   assert 1 == 2\nE    +  where';
    assert.equal(whyRed({ ...test, message: listing }), `assert 1 == 2\n\n${listing}`);
    assert.equal(whyRed(test), 'failed; the runner gave no message');
  });
});

describe('a run', () => {
  it('is said in one sentence', () => {
    assert.equal(summary(RUN), '3 passed, 1 failed, 1 skipped in 944 ms');
    assert.equal(
      summary({ ...RUN, failed: [], errors: ['t.py', 'u.py'], skipped: 0, duration_ms: 2345 }),
      '3 passed, 2 errors in 2.3 s',
    );
  });

  it('of nothing says so', () => {
    assert.equal(
      summary({ ...RUN, passed: 0, failed: [], skipped: 0 }),
      'no tests were found in 944 ms',
    );
  });

  it('is red when something failed or could not be run', () => {
    assert.equal(isRed(RUN), true);
    assert.equal(isRed({ ...RUN, failed: [] }), false);
    assert.equal(isRed({ ...RUN, failed: [], errors: ['t.py'] }), true);
  });

  it('of several parts is their sum', () => {
    const other = { ...RUN, failed: [], errors: ['u.py'], problems: ['no pytest'] };
    assert.deepEqual(together([RUN, other]), {
      passed: 6,
      failed: ['t.py::test_a'],
      errors: ['u.py'],
      skipped: 2,
      duration_ms: 1888,
      tests: [],
      problems: ['no pytest'],
    });
    assert.equal(together([]).passed, 0);
  });
});

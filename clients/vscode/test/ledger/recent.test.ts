import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Label, Suggestion } from '../../src/contract.ts';
import { lineOf, moment, whyNoPlace } from '../../src/ledger/recent.ts';

const NOW = new Date(2026, 10, 23, 18, 0);
const AT = new Date(2026, 10, 23, 17, 2);
const ONE: Suggestion = {
  suggestion_id: '01J',
  at_utc: AT.toISOString(),
  kind: 'fix',
  language: 'python',
  model: 'coder-0.5b',
  quantisation: 'Q4_K_M',
  label: 'right',
  reason: 'tests_pass in 3 of 3 runs',
  tier: 'tests',
  shown: true,
  accepted: true,
  dismissed: false,
  p_right: 0.88,
  ttft_ms: 410,
  total_ms: 2210,
  uri: 'file:///shop/orders.py',
  line: 12,
};

describe('a suggestion in the tree', () => {
  it('says verdict, kind, place, time, and what became of it', () => {
    const line = lineOf(ONE, 'shop/orders.py', NOW);
    assert.equal(line.label, 'right: fix of a test');
    assert.equal(line.description, 'orders.py:13 · 17:02 · accepted');
    assert.equal(
      line.spoken,
      'right: fix of a test, shop/orders.py line 13, 17:02, accepted, by coder-0.5b Q4_K_M',
    );
  });

  it('says the reason, what was foretold, and the times in its tooltip', () => {
    assert.deepEqual(lineOf(ONE, 'orders.py', NOW).tooltip, [
      'right: what was run passed (tests_pass in 3 of 3 runs).',
      'Foretold before it was run: right with a chance of 88 %.',
      'Fix of a test in python, orders.py line 13; accepted.',
      'coder-0.5b Q4_K_M: first word after 410 ms, done after 2.2 s.',
    ]);
  });

  it('says nothing of what is not known', () => {
    const bare = { ...ONE, reason: '', p_right: null, ttft_ms: null, total_ms: null, uri: null, line: null, accepted: false, shown: false };
    const line = lineOf(bare, undefined, NOW);
    assert.equal(line.label, 'right: fix of a test');
    assert.equal(line.description, '17:02');
    assert.deepEqual(line.tooltip, [
      'right: what was run passed.',
      'Fix of a test in python; not shown.',
      'coder-0.5b Q4_K_M.',
    ]);
  });

  it('tells verdicts apart by words and by signs, not by colour alone', () => {
    const labels: readonly Label[] = ['right', 'wrong', 'flaky', 'unverified'];
    const lines = labels.map((label) => lineOf({ ...ONE, label }, 'a.py', NOW));
    assert.deepEqual(lines.map((line) => line.label.split(':')[0]), labels);
    assert.equal(new Set(lines.map((line) => line.icon)).size, 4);
  });

  it('shows a kind that it has no word for as it is', () => {
    assert.match(lineOf({ ...ONE, kind: 'poem' }, 'a.py', NOW).label, /^right: poem$/);
  });

  it('does not say a quantisation twice', () => {
    const line = lineOf({ ...ONE, model: 'coder-q4_k_m' }, 'a.py', NOW);
    assert.match(line.spoken, /, by coder-q4_k_m$/);
  });

  it('names no line where none is known', () => {
    assert.match(lineOf({ ...ONE, line: null }, 'shop/a.py', NOW).description, /^a\.py · /);
  });
});

describe('its place', () => {
  it('can be gone to where there is a file', () => assert.equal(whyNoPlace(ONE), undefined));

  it('cannot where the file is gone, and it says so', () => {
    assert.match(whyNoPlace({ ...ONE, uri: null }) ?? '', /gone, or in none of the folders/);
  });
});

describe('its time', () => {
  it('has the date when it was another day', () => {
    const yesterday = new Date(2026, 10, 22, 7, 5).toISOString();
    assert.equal(moment(yesterday, NOW), '2026-11-22 07:05');
  });

  it('is shown as it is when it is none', () => assert.equal(moment('long ago', NOW), 'long ago'));
});

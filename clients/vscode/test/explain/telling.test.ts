import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Explanation, Passage, Range } from '../../src/contract.ts';
import { lineWords, Telling } from '../../src/explain/telling.ts';

const range = (first: number, last: number, character = 3): Range => ({
  start: { line: first, character: 0 },
  end: { line: last, character },
});
const HEADING: Passage = { markdown: '### Line 2: `rm`', kind: 'heading', range: range(1, 1) };
const PROSE: Passage = { markdown: 'It *removes*.', kind: 'prose', range: range(1, 1) };
const RESULT: Explanation = {
  markdown: '',
  suggestion_id: 'S',
  claims: { confirmed: 5, contradicted: 1, unconfirmed: 2 },
  cached: false,
  language: 'shellscript',
  range: range(0, 1),
};

describe('an explanation', () => {
  it('is read, written and done, in words', () => {
    const telling = new Telling(1, 'prune.sh', range(1, 1));
    assert.deepEqual(telling.all, {
      type: 'all',
      telling: 1,
      title: 'prune.sh',
      place: { index: 0, label: 'line 2' },
      passages: [],
      standing: { state: 'reading', words: 'Reading …' },
    });
    assert.deepEqual(telling.add(PROSE), {
      type: 'passage',
      passage: { kind: 'prose', html: '<p>It <em>removes</em>.</p>', place: null },
      standing: { state: 'writing', words: 'Writing …' },
    });
    assert.equal(telling.isOver, false);
    assert.deepEqual(telling.done(RESULT).standing, {
      state: 'done',
      words: 'Done. Claims: 5 confirmed by facts, 1 contradicted and struck, 2 not confirmed.',
    });
    assert.equal(telling.isOver, true);
  });

  it('leads back to each block by a number that it gave, and nowhere else', () => {
    const telling = new Telling(1, 'prune.sh', null);
    const message = telling.add(HEADING);
    assert.equal(message.type, 'passage');
    assert.deepEqual(message.type === 'passage' && message.passage.place, { index: 0, label: 'line 2' });
    assert.deepEqual(telling.rangeOf(0), range(1, 1));
    for (const wrong of [1, -1, 0.5, '0', null, undefined, { valueOf: () => 0 }]) {
      assert.equal(telling.rangeOf(wrong), undefined);
    }
  });

  it('is told as a whole to a page that was away', () => {
    const telling = new Telling(1, 'prune.sh', null);
    telling.add(HEADING);
    telling.add(PROSE);
    const { all } = telling;
    assert.deepEqual(all.type === 'all' && all.passages.map((one) => one.kind), ['heading', 'prose']);
  });

  it('shows what a server says that does not stream', () => {
    const telling = new Telling(1, 'prune.sh', null);
    const message = telling.done({ ...RESULT, markdown: 'All at once.', cached: true });
    assert.equal(message.type === 'all' && message.passages[0]?.html, '<p>All at once.</p>');
    assert.match(message.standing.words, /^Done\. Kept from before\. Claims: 5 /);
  });

  it('says when there is nothing to explain', () => {
    const { standing } = new Telling(1, 'prune.sh', null).done(null);
    assert.equal(
      standing.words,
      'There is nothing to explain here; choose code, not a comment or a blank line.',
    );
  });

  it('keeps what was written when it is stopped', () => {
    const telling = new Telling(1, 'prune.sh', null);
    assert.equal(telling.cancelled().standing.words, 'Stopped.');
    telling.add(PROSE);
    const message = telling.cancelled();
    assert.deepEqual(message.standing, {
      state: 'cancelled',
      words: 'Stopped; what was written so far stays.',
    });
    assert.equal(message.type === 'all' && message.passages.length, 1);
  });

  it('does not begin to write again when a passage comes late', () => {
    const telling = new Telling(1, 'prune.sh', null);
    telling.cancelled();
    assert.equal(telling.add(PROSE).standing.state, 'cancelled');
  });

  it('says why it failed', () => {
    const { standing } = new Telling(1, 'prune.sh', null).failed('the engine is gone');
    assert.deepEqual(standing, { state: 'failed', words: 'It failed: the engine is gone' });
  });
});

describe('lines', () => {
  it('are counted as people do', () => {
    assert.equal(lineWords(range(0, 0)), 'line 1');
    assert.equal(lineWords(range(0, 2)), 'lines 1 to 3');
  });

  it('end before the line at whose beginning a range ends', () => {
    assert.equal(lineWords(range(0, 3, 0)), 'lines 1 to 3');
    assert.equal(lineWords(range(0, 1, 0)), 'line 1');
    assert.equal(lineWords(range(4, 4, 0)), 'line 5');
  });
});

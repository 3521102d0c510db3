import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Edit, type Ghost, type Part, ShownGhosts } from '../../src/ghost/partial.ts';

const KEY = 'file:///shop/sums.py';

/** A document that shows one ghost text; edits go in as an editor would make them. */
class Editor {
  readonly ghosts = new ShownGhosts();
  text: string;

  constructor(text: string, ghost: Partial<Ghost> & { readonly text: string }) {
    this.text = text;
    const offset = ghost.offset ?? text.length;
    this.ghosts.show(KEY, [{ suggestionId: 'S', replaced: '', ...ghost, offset }]);
  }

  /** Replace a part of the document; by default insert at its end. */
  type(text: string, at = this.text.length, length = 0): Part | undefined {
    this.text = this.text.slice(0, at) + text + this.text.slice(at + length);
    return this.ghosts.edited(KEY, [{ rangeOffset: at, rangeLength: length, text }]);
  }
}

const part = (length: number): Part => ({ suggestionId: 'S', length });

describe('what was taken of a ghost text', () => {
  it('is a word that was inserted at its place, and then the next', () => {
    const editor = new Editor('    ', { text: 'return first + second' });
    assert.deepEqual(editor.type('return'), part(6));
    assert.deepEqual(editor.type(' first'), part(6));
    assert.deepEqual(editor.type(' +'), part(2));
  });

  it('is a line of several', () => {
    const editor = new Editor('', { text: 'total = 0\nfor one in all:\n    total += one\n' });
    assert.deepEqual(editor.type('total = 0\n'), part(10));
    assert.deepEqual(editor.type('for one in all:\n'), part(16));
  });

  it('is counted in UTF-16 code units of the suggestion, whatever line ends the document has', () => {
    const editor = new Editor('x\r\n', { text: "duck = '🦆'\nquack = 1\n" });
    assert.deepEqual(editor.type("duck = '🦆'\r\n"), part(12));
    assert.deepEqual(editor.type('quack'), part(5));
  });

  it('is nothing when it is typed letter by letter, and what remains can still be taken', () => {
    const editor = new Editor('', { text: 'return first' });
    for (const sign of 'retu') {
      assert.equal(editor.type(sign), undefined);
    }
    assert.deepEqual(editor.type('rn'), part(2));
  });

  it('is nothing when one sign is two code units', () => {
    const editor = new Editor('', { text: '🦆🦆 swims' });
    assert.equal(editor.type('🦆'), undefined);
    assert.deepEqual(editor.type('🦆 swims'.slice(0, 4)), part(4));
  });

  it('is nothing when all of it is taken, which its own command reports', () => {
    const editor = new Editor('', { text: 'return first' });
    assert.equal(editor.type('return first'), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });

  it('is nothing when the last of it is taken after a part', () => {
    const editor = new Editor('', { text: 'return first' });
    assert.deepEqual(editor.type('return'), part(6));
    assert.equal(editor.type(' first'), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });

  it('is nothing when the whole replaces what was typed of it', () => {
    const editor = new Editor('', { text: 'return first' });
    editor.type('r');
    editor.type('e');
    assert.equal(editor.type('return first', 0, 2), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });

  it('is nothing when a list of completions replaces the word before it', () => {
    const editor = new Editor('re', { offset: 0, replaced: 're', text: 'return first' });
    assert.equal(editor.type('return', 0, 2), undefined);
  });

  for (const pair of ['()', '[]', '{}', '""', "''", '""""']) {
    it(`is nothing when the editor closes ${pair}`, () => {
      const open = pair.charAt(0);
      const editor = new Editor('', { text: `${open}first, second` });
      assert.equal(editor.type(pair), undefined);
      // What stands between the two goes on.
      assert.deepEqual(editor.type('first', 1), part(5));
    });

    it(`is nothing when the suggestion holds ${pair} itself`, () => {
      const editor = new Editor('', { text: `${pair} or None` });
      assert.equal(editor.type(pair), undefined);
      assert.deepEqual(editor.type(' or'), part(3));
    });
  }

  it('is nothing when Enter types a line end and the indentation, whatever line ends there are', () => {
    const editor = new Editor('', { text: ':\n        count = 3\n        done' });
    assert.equal(editor.type(':'), undefined);
    assert.equal(editor.type('\n        '), undefined);
    assert.deepEqual(editor.type('count'), part(5));
    assert.deepEqual(editor.type(' = 3'), part(4));
    assert.equal(editor.type('\r\n        '), undefined);
    assert.deepEqual(editor.type('do'), part(2));
  });

  it('is nothing when Tab types blanks', () => {
    const editor = new Editor('', { text: '    return first' });
    assert.equal(editor.type('    '), undefined);
    assert.deepEqual(editor.type('return'), part(6));
  });

  it('is nothing when something else is typed, and never again', () => {
    const editor = new Editor('', { text: 'return first' });
    assert.equal(editor.type('raise'), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });

  it('is nothing when its beginning is pasted somewhere else', () => {
    const editor = new Editor('a = 1\n', { text: 'return first' });
    assert.equal(editor.type('return', 0), undefined);
    // What is in front of it moves it.
    assert.deepEqual(editor.type('return'), part(6));
  });

  it('survives an edit behind it', () => {
    const editor = new Editor('\n\nend = 1\n', { offset: 0, text: 'return first' });
    editor.type('2', 8);
    assert.deepEqual(editor.type('return', 0), part(6));
  });

  it('is gone when its place is deleted', () => {
    const editor = new Editor('    x', { text: 'return first' });
    assert.equal(editor.type('', 2, 3), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });

  it('knows what was typed already when it is shown', () => {
    const editor = new Editor('ret', { offset: 0, replaced: 'ret', text: 'return first' });
    assert.deepEqual(editor.type('urn'), part(3));
  });

  it('knows what is kept behind the cursor', () => {
    const editor = new Editor('f()', { offset: 2, replaced: ')', text: 'first, second)' });
    assert.deepEqual(editor.type('first,', 2), part(6));
    // All that there was to insert: the whole suggestion, which its command reports.
    assert.equal(editor.type(' second', 8), undefined);
    assert.equal(editor.ghosts.has(KEY), false);
  });
});

describe('several at once', () => {
  it('counts the first of two suggestions that begin alike, and follows both', () => {
    const ghosts = new ShownGhosts();
    const at = { offset: 0, replaced: '' };
    ghosts.show(KEY, [
      { ...at, suggestionId: 'A', text: 'return first' },
      { ...at, suggestionId: 'B', text: 'return second' },
    ]);
    const insert = (offset: number, text: string): readonly Edit[] => [
      { rangeOffset: offset, rangeLength: 0, text },
    ];
    assert.deepEqual(ghosts.edited(KEY, insert(0, 'return')), { suggestionId: 'A', length: 6 });
    assert.deepEqual(ghosts.edited(KEY, insert(6, ' sec')), { suggestionId: 'B', length: 4 });
  });

  it('follows a document that is edited in several places by one event', () => {
    const ghosts = new ShownGhosts();
    ghosts.show(KEY, [{ suggestionId: 'S', offset: 10, replaced: '', text: 'return first' }]);
    const found = ghosts.edited(KEY, [
      { rangeOffset: 10, rangeLength: 0, text: 'return' },
      { rangeOffset: 2, rangeLength: 3, text: 'long name' },
    ]);
    assert.deepEqual(found, part(6));
    assert.deepEqual(ghosts.edited(KEY, [{ rangeOffset: 22, rangeLength: 0, text: ' fi' }]), part(3));
  });

  it('shows what came last, and nothing of a document that was closed', () => {
    const ghosts = new ShownGhosts();
    const at = { suggestionId: 'S', offset: 0, replaced: '' };
    ghosts.show(KEY, [{ ...at, text: 'return' }]);
    ghosts.show(KEY, [{ ...at, text: 'raise it' }]);
    assert.equal(ghosts.edited(KEY, [{ rangeOffset: 0, rangeLength: 0, text: 'ret' }]), undefined);
    ghosts.show(KEY, [{ ...at, text: 'raise it' }]);
    ghosts.forget(KEY);
    assert.equal(ghosts.has(KEY), false);
    assert.equal(ghosts.edited(KEY, [{ rangeOffset: 0, rangeLength: 0, text: 'raise' }]), undefined);
  });

  it('forgets all when the server has left', () => {
    const ghosts = new ShownGhosts();
    ghosts.show(KEY, [{ suggestionId: 'S', offset: 0, replaced: '', text: 'return' }]);
    ghosts.clear();
    assert.equal(ghosts.has(KEY), false);
  });
});

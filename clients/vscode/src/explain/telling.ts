/**
 * One explanation as it is told: what came so far and how it stands, in words. It turns passages
 * into what the page is sent, and is asked again when the page was away. No `vscode` here.
 */

import type { Explanation, Passage, Range } from '../contract.ts';
import { html } from './markdown.ts';

export type State = 'reading' | 'writing' | 'done' | 'cancelled' | 'failed';

/** A button that leads back to the code; the page knows only its number. */
export interface Place {
  readonly index: number;
  /** Such as `line 12` or `lines 12 to 14`. */
  readonly label: string;
}

export interface ShownPassage {
  readonly kind: Passage['kind'];
  readonly html: string;
  readonly place: Place | null;
}

export interface Standing {
  readonly state: State;
  readonly words: string;
}

/** What the page is sent; `all` stands for everything that came before. */
export type Message =
  | {
      readonly type: 'all';
      /** Which telling this is: another number is another explanation. */
      readonly telling: number;
      readonly title: string;
      readonly place: Place | null;
      readonly passages: readonly ShownPassage[];
      readonly standing: Standing;
    }
  | { readonly type: 'passage'; readonly passage: ShownPassage; readonly standing: Standing }
  | { readonly type: 'standing'; readonly standing: Standing };

const NOTHING =
  'There is nothing to explain here; choose code, not a comment or a blank line.';

export class Telling {
  readonly #number: number;
  readonly #title: string;
  readonly #places: Range[] = [];
  readonly #place: Place | null;
  readonly #passages: ShownPassage[] = [];
  #standing: Standing;

  /**
   * @param number Which telling of this page it is.
   * @param name The file's, as it is shown.
   * @param range What is asked about; null for the whole file.
   */
  constructor(number: number, name: string, range: Range | null) {
    this.#number = number;
    this.#title = name;
    this.#place = range === null ? null : this.#placed(range);
    this.#standing = { state: 'reading', words: 'Reading …' };
  }

  /** All of it, for a page that has nothing yet. */
  get all(): Message {
    return {
      type: 'all',
      telling: this.#number,
      title: this.#title,
      place: this.#place,
      passages: [...this.#passages],
      standing: this.#standing,
    };
  }

  get isOver(): boolean {
    return this.#standing.state !== 'reading' && this.#standing.state !== 'writing';
  }

  /** Where a button leads; undefined for a number that was never given. */
  rangeOf(index: unknown): Range | undefined {
    return typeof index === 'number' ? this.#places[index] : undefined;
  }

  add(passage: Passage): Message {
    const { kind, range } = passage;
    const place = kind === 'heading' && range !== undefined ? this.#placed(range) : null;
    const shown = { kind, html: html(passage.markdown), place };
    this.#passages.push(shown);
    if (!this.isOver) {
      this.#standing = { state: 'writing', words: 'Writing …' };
    }
    return { type: 'passage', passage: shown, standing: this.#standing };
  }

  /** Take the end of it; a server that streamed repeats nothing. */
  done(result: Explanation | null): Message {
    if (result !== null && this.#passages.length === 0 && result.markdown !== '') {
      this.add({ kind: 'prose', markdown: result.markdown });
    }
    if (this.#passages.length === 0) {
      return this.#end('done', NOTHING);
    }
    const words = ['Done.', result?.cached === true ? 'Kept from before.' : '', claims(result)];
    return this.#end('done', words.filter(Boolean).join(' '));
  }

  cancelled(): Message {
    return this.#end(
      'cancelled',
      this.#passages.length === 0 ? 'Stopped.' : 'Stopped; what was written so far stays.',
    );
  }

  failed(why: string): Message {
    return this.#end('failed', `It failed: ${why}`);
  }

  #end(state: State, words: string): Message {
    this.#standing = { state, words };
    // With `all`, what `done` may have added comes along.
    return this.all;
  }

  #placed(range: Range): Place {
    this.#places.push(range);
    return { index: this.#places.length - 1, label: lineWords(range) };
  }
}

/** Return lines as a person counts them; a range that ends at a line's beginning is without it. */
export function lineWords({ start, end }: Range): string {
  const first = start.line + 1;
  const last = Math.max(first, end.character === 0 && end.line > start.line ? end.line : end.line + 1);
  return first === last ? `line ${first}` : `lines ${first} to ${last}`;
}

function claims(result: Explanation | null): string {
  if (result === null) {
    return '';
  }
  const { confirmed, contradicted, unconfirmed } = result.claims;
  const parts = [
    confirmed > 0 ? `${confirmed} confirmed by facts` : '',
    contradicted > 0 ? `${contradicted} contradicted and struck` : '',
    unconfirmed > 0 ? `${unconfirmed} not confirmed` : '',
  ].filter(Boolean);
  return parts.length === 0 ? '' : `Claims: ${parts.join(', ')}.`;
}

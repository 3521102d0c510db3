/**
 * Which part of a ghost text was taken: ghost texts as they are shown and edits as they come go
 * in, lengths of accepted parts come out. VS Code's stable interface does not tell about words and
 * lines that are accepted, so it is inferred. Not for whole acceptance, which the item's own
 * command reports; no `vscode` here.
 *
 * A word of one sign, or of blanks, cannot be told from a key that was pressed: it is not counted, so
 * that what is reported is too little rather than too much. A word that is pasted, or chosen from
 * the list of completions with nothing of it typed, counts where the ghost text begins with it.
 *
 * All lengths are UTF-16 code units; those that are reported are of the suggestion's own text,
 * whose lines end in `\n` whatever the document's do.
 */

/** A ghost text at its place, when it is shown. */
export interface Ghost {
  readonly suggestionId: string;
  /** Where what it stands in for begins, in the document. */
  readonly offset: number;
  /** What it stands in for: empty for an insertion. */
  readonly replaced: string;
  readonly text: string;
}

/** One edit, as VS Code has it: offsets are those before any edit of the same event. */
export interface Edit {
  readonly rangeOffset: number;
  readonly rangeLength: number;
  readonly text: string;
}

/** A part of a suggestion that was taken in one go. */
export interface Part {
  readonly suggestionId: string;
  readonly length: number;
}

/** What is left of a ghost text, and where. */
interface Rest {
  readonly suggestionId: string;
  /** Where the ghost's replaced text began; edits from here on may be about it. */
  readonly start: number;
  /** Where the rest would be inserted. */
  readonly place: number;
  readonly text: string;
}

/** What an editor types at once when a person types the first sign of it. */
const AUTO_CLOSED = /^[([{<"'`*_$][)\]}>"'`*_$]+$/;
/** What Enter types where lines are indented, and Tab. */
const BLANK = /^\s+$/;

/** The ghost texts of all documents, by a key of the caller's (a URI). */
export class ShownGhosts {
  readonly #rests = new Map<string, readonly Rest[]>();

  /** What a document shows now, instead of what it showed before. */
  show(key: string, ghosts: readonly Ghost[]): void {
    const rests = ghosts.map(restOf).filter((rest) => rest.text !== '');
    if (rests.length === 0) {
      this.#rests.delete(key);
    } else {
      this.#rests.set(key, rests);
    }
  }

  /** Whether an edit of this document can tell anything; costs one look-up. */
  has(key: string): boolean {
    return this.#rests.has(key);
  }

  forget(key: string): void {
    this.#rests.delete(key);
  }

  /** Forget all, as when the server has left and knows none of them any more. */
  clear(): void {
    this.#rests.clear();
  }

  /** Follow an edit of a document; returns the part that it took, if it took one. */
  edited(key: string, edits: readonly Edit[]): Part | undefined {
    const before = this.#rests.get(key);
    if (before === undefined) {
      return undefined;
    }
    let part: Part | undefined;
    const left: Rest[] = [];
    for (const rest of before) {
      const after = follow(rest, edits);
      if (after === undefined) {
        continue;
      }
      // Of several suggestions that begin alike, the first is the one that is shown.
      part ??= after.part;
      left.push(after.rest);
    }
    if (left.length === 0) {
      this.#rests.delete(key);
    } else {
      this.#rests.set(key, left);
    }
    return part;
  }
}

function restOf(ghost: Ghost): Rest {
  const { suggestionId, offset: start } = ghost;
  const text = unixed(ghost.text);
  const replaced = unixed(ghost.replaced);
  if (text.startsWith(replaced)) {
    // What was typed already, as the suggestion has it.
    const place = start + ghost.replaced.length;
    return { suggestionId, start, place, text: text.slice(replaced.length) };
  }
  // What stands behind the cursor and is kept, as a bracket that was closed by the editor.
  const kept = text.endsWith(replaced) ? replaced.length : 0;
  return { suggestionId, start, place: start, text: text.slice(0, text.length - kept) };
}

/** Return what is left after an event, and nothing when the ghost text is gone with it. */
function follow(
  rest: Rest,
  edits: readonly Edit[],
): { readonly rest: Rest; readonly part?: Part } | undefined {
  let shift = 0;
  let at: Edit | undefined;
  for (const edit of edits) {
    if (edit.rangeOffset + edit.rangeLength < rest.start) {
      shift += edit.text.length - edit.rangeLength;
    } else if (edit.rangeOffset <= rest.place) {
      if (at !== undefined) {
        return undefined;
      }
      at = edit;
    }
  }
  const start = rest.start + shift;
  const place = rest.place + shift;
  if (at === undefined) {
    return { rest: { ...rest, start, place } };
  }
  if (at.rangeLength !== 0 || at.rangeOffset !== rest.place) {
    // What replaces typed text comes from the list of completions, or is the whole suggestion.
    return undefined;
  }
  const text = unixed(at.text);
  const isPair = AUTO_CLOSED.test(text);
  const taken = isPair && !rest.text.startsWith(text) ? text.slice(0, 1) : text;
  if (!rest.text.startsWith(taken) || taken.length === rest.text.length) {
    return undefined;
  }
  const nDocument = taken === text ? at.text.length : taken.length;
  const after = { ...rest, start, place: place + nDocument, text: rest.text.slice(taken.length) };
  if (isPair || BLANK.test(taken) || isOneSign(taken)) {
    // Typed, not taken.
    return { rest: after };
  }
  return { rest: after, part: { suggestionId: rest.suggestionId, length: taken.length } };
}

/** A sign outside of the basic plane is two code units and one stroke of a key. */
function isOneSign(text: string): boolean {
  return [...text].length === 1;
}

function unixed(text: string): string {
  return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
}

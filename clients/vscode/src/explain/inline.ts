/**
 * The inside of a paragraph: code spans, emphasis, strikethrough, escapes (CommonMark 0.31, 2.4,
 * 6.1, 6.2). Links and images are shown as their text, HTML as what was typed. Not for blocks,
 * which are `markdown.ts`'s. Pure, and linear in the length of the text.
 */

import { escaped } from './escape.ts';

/** A piece of the output; a run of signs holds what is left of it between its tags. */
interface Piece {
  html: string;
  before: string;
  after: string;
}

interface Opener {
  readonly sign: string;
  readonly piece: Piece;
  n: number;
}

/** Runs that may still be closed, the newest last, and how many there are of each sign. */
interface Openers {
  readonly all: Opener[];
  readonly counts: Map<string, number>;
}

const PUNCTUATION = /[\p{P}\p{S}]/u;
const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&nbsp;': '\u00a0',
};
const MAX_ADDRESS_CHARS = 1000;

/** Return one paragraph's Markdown as HTML. */
export function inlineHtml(text: string): string {
  const links = linksOf(text);
  const pieces: Piece[] = [];
  const openers: Openers = { all: [], counts: new Map() };
  const plain = (html: string): Piece => {
    const piece = { html, before: '', after: '' };
    pieces.push(piece);
    return piece;
  };
  let at = 0;
  while (at < text.length) {
    const sign = text.charAt(at);
    const behindLink = links.get(at);
    if (behindLink !== undefined) {
      at = behindLink;
    } else if (sign === '\\' && /[!-/:-@[-`{-~\n]/.test(text.charAt(at + 1))) {
      const next = text.charAt(at + 1);
      plain(next === '\n' ? '<br>' : escaped(next));
      at += 2;
    } else if (sign === '`') {
      const span = codeSpan(text, at);
      plain(span.html);
      at = span.end;
    } else if (sign === '&') {
      const entity = /^&(?:lt|gt|amp|quot|nbsp);/.exec(text.slice(at, at + 6))?.[0];
      plain(escaped(entity === undefined ? '&' : (ENTITIES[entity] ?? '&')));
      at += entity?.length ?? 1;
    } else if (sign === '*' || sign === '_' || sign === '~') {
      const end = runEnd(text, at);
      emphasis(text, at, end, openers, plain('')); // Filled below, when it is known what it is.
      at = end;
    } else if (sign === '\n') {
      plain(/ {2}$/.test(text.slice(Math.max(0, at - 2), at)) ? '<br>' : '\n');
      at += 1;
    } else {
      const end = nextSign(text, at + 1);
      plain(escaped(text.slice(at, end)));
      at = end;
    }
  }
  return pieces.map((piece) => piece.before + piece.html + piece.after).join('');
}

/** Close what a run of signs closes, and open what it opens (CommonMark 0.31, 6.2). */
function emphasis(text: string, at: number, end: number, openers: Openers, piece: Piece): void {
  const sign = text.charAt(at);
  let n = end - at;
  const before = text.charAt(at - 1) || ' ';
  const after = text.charAt(end) || ' ';
  const left = !isBlank(after) && (!isMark(after) || isBlank(before) || isMark(before));
  const right = !isBlank(before) && (!isMark(before) || isBlank(after) || isMark(after));
  const isStrike = sign === '~';
  if (isStrike && n !== 2) {
    piece.html = escaped(text.slice(at, end));
    return;
  }
  const canClose = sign === '_' ? right && (!left || isMark(after)) : right;
  const canOpen = sign === '_' ? left && (!right || isMark(before)) : left;
  while (canClose && n > 0 && (openers.counts.get(sign) ?? 0) > 0) {
    // What was opened since then closes nowhere: it is text.
    while (openers.all.at(-1)?.sign !== sign) {
      pop(openers);
    }
    const opener = openers.all.at(-1) as Opener;
    const taken = opener.n >= 2 && n >= 2 ? 2 : 1;
    const tag = isStrike ? 'del' : taken === 2 ? 'strong' : 'em';
    opener.n -= taken;
    opener.piece.html = sign.repeat(opener.n);
    opener.piece.after = `<${tag}>${opener.piece.after}`;
    piece.before += `</${tag}>`;
    n -= taken;
    if (opener.n === 0) {
      pop(openers);
    }
  }
  piece.html = sign.repeat(n);
  if (canOpen && n > 0) {
    openers.all.push({ sign, piece, n });
    openers.counts.set(sign, (openers.counts.get(sign) ?? 0) + 1);
  }
}

function pop(openers: Openers): void {
  const sign = openers.all.pop()?.sign ?? '';
  openers.counts.set(sign, (openers.counts.get(sign) ?? 0) - 1);
}

function codeSpan(text: string, at: number): { readonly html: string; readonly end: number } {
  const open = runEnd(text, at);
  const fence = text.slice(at, open);
  let close = text.indexOf(fence, open);
  while (close >= 0 && (text.charAt(close + fence.length) === '`' || text.charAt(close - 1) === '`')) {
    close = text.indexOf(fence, runEnd(text, close));
  }
  if (close < 0) {
    return { html: escaped(fence), end: open };
  }
  const code = text.slice(open, close).replaceAll('\n', ' ');
  const isPadded = code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '';
  return {
    html: `<code>${escaped(isPadded ? code.slice(1, -1) : code)}</code>`,
    end: close + fence.length,
  };
}

/** Return where the parts of links begin that are not shown, and where each ends. */
function linksOf(text: string): ReadonlyMap<number, number> {
  const skipped = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === '\\') {
      at += 1;
    } else if (sign === '`') {
      at = codeSpan(text, at).end - 1;
    } else if (sign === '[') {
      open.push(at);
    } else if (sign === ']') {
      const start = open.pop();
      const end = start === undefined ? undefined : addressEnd(text, at + 1);
      if (start !== undefined && end !== undefined) {
        skipped.set(start, start + 1);
        if (text.charAt(start - 1) === '!') {
          skipped.set(start - 1, start + 1);
        }
        skipped.set(at, end);
        at = end - 1;
      }
    }
  }
  return skipped;
}

function addressEnd(text: string, at: number): number | undefined {
  if (text.charAt(at) !== '(') {
    return undefined;
  }
  let depth = 0;
  for (let end = at; end < text.length && end < at + MAX_ADDRESS_CHARS; end += 1) {
    const sign = text.charAt(end);
    if (sign === '\\') {
      end += 1;
    } else if (sign === '(') {
      depth += 1;
    } else if (sign === ')') {
      depth -= 1;
      if (depth === 0) {
        return end + 1;
      }
    }
  }
  return undefined;
}

function runEnd(text: string, at: number): number {
  let end = at + 1;
  while (text.charAt(end) === text.charAt(at)) {
    end += 1;
  }
  return end;
}

function nextSign(text: string, at: number): number {
  let end = at;
  while (end < text.length && !'\\`&*_~\n![]'.includes(text.charAt(end))) {
    end += 1;
  }
  return end;
}

function isBlank(sign: string): boolean {
  return /\s/.test(sign);
}

function isMark(sign: string): boolean {
  return PUNCTUATION.test(sign);
}

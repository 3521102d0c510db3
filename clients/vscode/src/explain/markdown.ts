/**
 * Markdown to HTML for what the server says of code: headings, lists, fences, quotes, rules and
 * paragraphs, and of those only what is needed. What a model wrote is nobody's word, so there are
 * no links, no images, no HTML and no attributes in what comes out: text is escaped, and every tag
 * is one of those written here. Pure.
 */

import { escaped } from './escape.ts';
import { inlineHtml } from './inline.ts';

const MAX_CHARS = 100_000;
const MAX_DEPTH = 6;

const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;

/** Return Markdown as HTML; `###`, the server's headings of blocks, become `<h2>`. */
export function html(markdown: string): string {
  const text = markdown.slice(0, MAX_CHARS).replace(/\r\n?/g, '\n').replaceAll('\t', '    ');
  const cut = markdown.length > MAX_CHARS ? '<p>The rest was too long and is left out.</p>' : '';
  return blocks(text.split('\n'), 0) + cut;
}

function blocks(lines: readonly string[], depth: number): string {
  const out: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const read =
      line.trim() === ''
        ? { html: '', end: at + 1 }
        : (fence(lines, at) ??
          heading(line, at) ??
          (RULE.test(line) ? { html: '<hr>', end: at + 1 } : undefined) ??
          (depth < MAX_DEPTH ? (quote(lines, at, depth) ?? list(lines, at, depth)) : undefined) ??
          paragraph(lines, at, depth));
    out.push(read.html);
    at = read.end;
  }
  return out.join('');
}

interface Read {
  readonly html: string;
  /** The first line that was not read. */
  readonly end: number;
}

function fence(lines: readonly string[], at: number): Read | undefined {
  const opening = FENCE.exec(lines[at] ?? '');
  if (opening === null) {
    return undefined;
  }
  const indent = opening[1]?.length ?? 0;
  const mark = opening[2] ?? '';
  const code: string[] = [];
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end] ?? '';
    end += 1;
    const closing = /^ {0,3}(`{3,}|~{3,}) *$/.exec(line)?.[1];
    if (closing?.startsWith(mark)) {
      break;
    }
    code.push(line.slice(Math.min(indent, line.length - line.trimStart().length)));
  }
  return { html: `<pre tabindex="0"><code>${escaped(code.join('\n'))}</code></pre>`, end };
}

function heading(line: string, at: number): Read | undefined {
  const found = HEADING.exec(line);
  if (found === null) {
    return undefined;
  }
  const level = Math.max(2, (found[1]?.length ?? 1) - 1);
  return { html: `<h${level}>${inlineHtml(found[2] ?? '')}</h${level}>`, end: at + 1 };
}

function quote(lines: readonly string[], at: number, depth: number): Read | undefined {
  const inner: string[] = [];
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end] ?? '')) {
    inner.push((lines[end] ?? '').replace(QUOTE, ''));
    end += 1;
  }
  return inner.length === 0
    ? undefined
    : { html: `<blockquote>${blocks(inner, depth + 1)}</blockquote>`, end };
}

function list(lines: readonly string[], at: number, depth: number): Read | undefined {
  const first = ITEM.exec(lines[at] ?? '');
  if (first === null) {
    return undefined;
  }
  const mark = kindOf(first);
  const items: string[] = [];
  let end = at;
  while (end < lines.length) {
    const found = ITEM.exec(lines[end] ?? '');
    if (found === null || kindOf(found) !== mark || RULE.test(lines[end] ?? '')) {
      break;
    }
    const item = itemLines(lines, end, found);
    items.push(`<li>${tight(item.lines, depth + 1)}</li>`);
    end = item.end;
  }
  if (items.length === 0) {
    return undefined;
  }
  const tag = mark === 'ordered' ? 'ol' : 'ul';
  return { html: `<${tag}>${items.join('')}</${tag}>`, end };
}

/** Return an item's lines without their indentation. */
function itemLines(
  lines: readonly string[],
  at: number,
  found: RegExpExecArray,
): { readonly lines: readonly string[]; readonly end: number } {
  const head = found[0];
  const width = (found[3] ?? '').length > 4 ? head.trimEnd().length + 1 : head.length;
  const inner = [(lines[at] ?? '').slice(width)];
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end] ?? '';
    const isInside = line.length - line.trimStart().length >= Math.min(width, 2);
    if (line.trim() === '') {
      const next = nextText(lines, end);
      const text = lines[next];
      if (text === undefined || text.length - text.trimStart().length < Math.min(width, 2)) {
        break;
      }
      inner.push('');
      end = next - 1;
    } else if (isInside) {
      inner.push(line.slice(Math.min(width, line.length - line.trimStart().length)));
    } else if (begins(line)) {
      break;
    } else {
      inner.push(line);
    }
    end += 1;
  }
  // Blank lines between two items belong to neither.
  const next = nextText(lines, end);
  return { lines: inner, end: ITEM.test(lines[next] ?? '') ? next : end };
}

/** Return the number of the next line that is not blank. */
function nextText(lines: readonly string[], at: number): number {
  let next = at;
  while (next < lines.length && (lines[next] ?? '').trim() === '') {
    next += 1;
  }
  return next;
}

/** An item of one paragraph is shown without the space around a paragraph. */
function tight(lines: readonly string[], depth: number): string {
  const whole = blocks(lines, depth);
  const only = /^<p>([^]*?)<\/p>/.exec(whole);
  return only === null ? whole : (only[1] ?? '') + whole.slice(only[0].length);
}

function paragraph(lines: readonly string[], at: number, depth: number): Read {
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end] ?? '';
    if (line.trim() === '' || (depth < MAX_DEPTH && begins(line))) {
      break;
    }
    end += 1;
  }
  const text = lines
    .slice(at, end)
    .map((line) => line.trimStart())
    .join('\n')
    .trimEnd();
  return { html: `<p>${inlineHtml(text)}</p>`, end };
}

function begins(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((one) => one.test(line));
}

function kindOf(found: RegExpExecArray): 'ordered' | 'bullets' {
  return /\d/.test(found[2] ?? '') ? 'ordered' : 'bullets';
}

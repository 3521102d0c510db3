/**
 * Recent suggestions as lines of a tree: what the ledger says of one, in words. Verdicts are said
 * before they are coloured. No `vscode` here.
 */

import type { Label, Suggestion } from '../contract.ts';

export interface Line {
  readonly label: string;
  readonly description: string;
  /** Paragraphs of plain text. */
  readonly tooltip: readonly string[];
  /** For screen readers: all that the line says. */
  readonly spoken: string;
  /** A codicon's name. */
  readonly icon: string;
  /** A theme colour's name; undefined for none. */
  readonly colour: string | undefined;
}

interface Verdict {
  readonly icon: string;
  readonly colour?: string;
  readonly means: string;
}

const VERDICTS: Record<Label, Verdict> = {
  right: { icon: 'pass', colour: 'testing.iconPassed', means: 'what was run passed' },
  wrong: { icon: 'error', colour: 'testing.iconFailed', means: 'what was run failed' },
  flaky: { icon: 'warning', colour: 'testing.iconQueued', means: 'runs of it did not agree' },
  unverified: { icon: 'circle-outline', means: 'nothing was run that could tell' },
};

const KINDS: Readonly<Record<string, string>> = {
  explain: 'explanation',
  complete: 'completion',
  infill: 'ghost text',
  fix: 'fix of a test',
  derace: 'fix of a data race',
};

/**
 * Return a suggestion's line.
 *
 * @param name The file's path, as it is shown; undefined where there is none.
 * @param now Today's date, by which older ones get theirs.
 */
export function lineOf(one: Suggestion, name: string | undefined, now: Date): Line {
  const verdict = VERDICTS[one.label] ?? VERDICTS.unverified;
  const kind = KINDS[one.kind] ?? one.kind;
  const place = placeOf(one, name);
  const when = moment(one.at_utc, now);
  const label = `${one.label}: ${kind}`;
  const description = [shortPlace(one, name), when, fate(one)].filter(Boolean).join(' · ');
  const model = one.model + quantisation(one);
  return {
    label,
    description,
    tooltip: [
      `${one.label}: ${verdict.means}${one.reason === '' ? '' : ` (${one.reason})`}.`,
      ...(one.p_right === null
        ? []
        : [`Foretold before it was run: right with a chance of ${percent(one.p_right)}.`]),
      `${capital(kind)} in ${[one.language, place].filter(Boolean).join(', ')}; ${fate(one) || 'not shown'}.`,
      `${model}${times(one)}.`,
    ],
    spoken: [label, place, when, fate(one), `by ${model}`].filter(Boolean).join(', '),
    icon: verdict.icon,
    colour: verdict.colour,
  };
}

/** Return why one cannot jump to a suggestion; undefined where one can. */
export function whyNoPlace(one: Suggestion): string | undefined {
  return one.uri === null
    ? 'its file is gone, or in none of the folders that are open here; open its folder to go there'
    : undefined;
}

function placeOf(one: Suggestion, name: string | undefined): string {
  if (name === undefined || one.uri === null) {
    return '';
  }
  return one.line === null ? name : `${name} line ${one.line + 1}`;
}

/** A view in the side bar is narrow: the path stands in the tooltip. */
function shortPlace(one: Suggestion, name: string | undefined): string {
  if (name === undefined || one.uri === null) {
    return '';
  }
  const file = name.split(/[/\\]/).at(-1) ?? name;
  return one.line === null ? file : `${file}:${one.line + 1}`;
}

function fate(one: Suggestion): string {
  if (one.accepted) {
    return 'accepted';
  }
  if (one.dismissed) {
    return 'dismissed';
  }
  return one.shown ? 'shown' : '';
}

function quantisation({ model, quantisation: name }: Suggestion): string {
  const isSaid = name === '' || name === 'none' || model.toLowerCase().includes(name.toLowerCase());
  return isSaid ? '' : ` ${name}`;
}

function times(one: Suggestion): string {
  const found = [
    one.ttft_ms === null ? '' : `first word after ${duration(one.ttft_ms)}`,
    one.total_ms === null ? '' : `done after ${duration(one.total_ms)}`,
  ].filter(Boolean);
  return found.length === 0 ? '' : `: ${found.join(', ')}`;
}

/** Return the time of day, with the date where it was another day; both are the person's own. */
export function moment(atUtc: string, now: Date): string {
  const at = new Date(atUtc);
  if (Number.isNaN(at.getTime())) {
    return atUtc;
  }
  const two = (n: number): string => n.toString().padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === now.toDateString()
    ? time
    : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

function duration(ms: number): string {
  return Math.round(ms) < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${Math.floor(100 * share + 0.5)} %`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

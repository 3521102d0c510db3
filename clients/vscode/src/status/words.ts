/**
 * What the status bar says: connection and news of the model in, words out. Whatever a colour or
 * an icon tells stands in the words too. No `vscode` here.
 */

import type { ConnectionState } from '../connection.ts';
import type { Activity, EngineState, Today } from '../contract.ts';

export interface Seen {
  readonly connection: ConnectionState;
  /** What to do, while there is no server. */
  readonly trouble: string | undefined;
  readonly activity: Activity | undefined;
}

export interface Item {
  readonly text: string;
  /** Paragraphs of plain text. */
  readonly tooltip: readonly string[];
  /** For screen readers: the text without icons. */
  readonly label: string;
  readonly severity: 'none' | 'warning' | 'error';
}

const NAME = 'Ducktypist';
const CLICK = 'Click for what can be done now.';
const MAX_NAME_CHARS = 18;

const ICONS: Record<EngineState, string> = {
  starting: '$(sync)',
  idle: '$(comment)',
  reading: '$(book)',
  writing: '$(edit)',
  missing: '$(cloud-download)',
  failed: '$(error)',
  stopped: '$(comment)',
};

/** Return what the item shows. */
export function itemOf(seen: Seen): Item {
  const { activity } = seen;
  switch (seen.connection) {
    case 'absent':
      return item('$(warning)', `${NAME}: no server`, 'warning', [
        seen.trouble ?? 'Ducktypist needs its server, and none was found.',
        'Choose "Ducktypist: Install the Server", or name one in the settings under ducktypist.server.',
      ]);
    case 'starting':
      return item('$(sync)', `${NAME}: starting`, 'none', ['The server is being started.']);
    case 'stopped':
      return item('$(warning)', `${NAME}: server stopped`, 'warning', [
        'The server is not running. "Ducktypist: Restart the Server" starts it; its log says why it left.',
      ]);
    case 'running':
      return activity === undefined
        ? item('$(comment)', NAME, 'none', ['The server runs; it has said nothing of its model yet.'])
        : ofModel(activity);
  }
}

function ofModel(activity: Activity): Item {
  const icon = ICONS[activity.state];
  switch (activity.state) {
    case 'missing':
      return item(icon, `${NAME}: no model here`, 'warning', [
        activity.message ?? 'The model of the settings is not on this machine.',
        'Facts are shown without one. "Ducktypist: Fetch the Model" fetches it; ' +
          '"Ducktypist: Choose the Model" takes another.',
      ]);
    case 'failed':
      return item(icon, `${NAME}: model failed`, 'error', [
        activity.message ?? 'The engine gave no reason; the log may.',
        'Facts are shown without it. "Ducktypist: Restart the Server" tries again.',
      ]);
    default: {
      const parts = [
        shortName(activity),
        doing(activity),
        activity.speed === 'not measured' ? '' : activity.speed,
        score(activity.today),
      ];
      return item(icon, parts.filter(Boolean).join(' · '), 'none', [
        `${activity.model ?? 'The model is not known yet'}${ofQuantisation(activity)}: ${doing(activity)}.`,
        `Speed today: ${SPEEDS[activity.speed]}.`,
        count(activity.today),
        ...(activity.message === null ? [] : [activity.message]),
      ]);
    }
  }
}

const SPEEDS: Record<Activity['speed'], string> = {
  usable: 'usable, answers come while you still want them',
  slow: 'slow, some answers come late',
  tea: 'tea, there is time for one while you wait',
  'not measured': 'not measured yet',
};

function item(
  icon: string,
  words: string,
  severity: Item['severity'],
  tooltip: readonly string[],
): Item {
  const label = words.startsWith(NAME) ? words : `${NAME}: ${words}`;
  return { text: `${icon} ${words}`, tooltip: [...tooltip, CLICK], label, severity };
}

function doing(activity: Activity): string {
  switch (activity.state) {
    case 'starting':
      return 'loading';
    case 'stopped':
      return 'resting';
    case 'reading':
    case 'writing':
      return activity.tok_s === null
        ? activity.state
        : `${activity.state} ${rate(activity.tok_s)} tok/s`;
    default:
      return activity.state;
  }
}

function rate(tokS: number): string {
  return tokS < 10 ? tokS.toFixed(1) : Math.round(tokS).toString();
}

/** Return a model's size and quantisation, or as much of its name as there is room for. */
export function shortName(activity: Pick<Activity, 'model' | 'quantisation'>): string {
  const { model, quantisation } = activity;
  if (model === null) {
    return NAME;
  }
  const name = model.split(/[/\\]/).at(-1)?.replace(/\.gguf$/i, '') ?? model;
  const size = /(?:^|[^a-z0-9.])(\d+(?:\.\d+)?[bm])(?![a-z0-9])/i.exec(name)?.[1];
  const short = size?.toLowerCase() ?? cut(withoutQuantisation(name, quantisation));
  return isQuantised(quantisation) ? `${short} ${quantisation}` : short;
}

function ofQuantisation({ quantisation }: Activity): string {
  return isQuantised(quantisation) ? `, ${quantisation}` : '';
}

function isQuantised(quantisation: string | null): boolean {
  return quantisation !== null && quantisation !== '' && quantisation !== 'none';
}

function withoutQuantisation(name: string, quantisation: string | null): string {
  const end = quantisation === null ? '' : quantisation.toLowerCase();
  return end !== '' && name.toLowerCase().endsWith(end) && name.length > end.length
    ? name.slice(0, -end.length).replace(/[-_.]+$/, '')
    : name;
}

function cut(name: string): string {
  return name.length <= MAX_NAME_CHARS ? name : `${name.slice(0, MAX_NAME_CHARS - 1)}…`;
}

/** Return today's score in few words: no share where there is too little to go by. */
export function score(today: Today): string {
  if (today.suggestions === 0) {
    return '';
  }
  if (today.verified === 0 || today.share === null) {
    return 'none verified';
  }
  return today.too_few
    ? `${today.right} of ${today.verified} right, too few`
    : `right ${percent(today.share)} of ${today.verified}`;
}

function count(today: Today): string {
  if (today.suggestions === 0) {
    return 'Today (UTC): no suggestions yet.';
  }
  const said = `Today (UTC): ${several(today.suggestions, 'suggestion')}, ${today.verified} verified`;
  if (today.verified === 0 || today.share === null) {
    return `${said}, so nothing is known about who is right.`;
  }
  const interval =
    today.low === null || today.high === null
      ? ''
      : ` (95 % interval ${percent(today.low)} to ${percent(today.high)})`;
  const right = `${said}, ${today.right} of them right: ${percent(today.share)}${interval}`;
  return today.too_few ? `${right}. These are too few to go by.` : `${right}.`;
}

function percent(share: number): string {
  return `${Math.floor(100 * share + 0.5)} %`;
}

function several(n: number, one: string): string {
  return n === 1 ? `1 ${one}` : `${n} ${one}s`;
}

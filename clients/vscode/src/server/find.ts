/**
 * Finds a server to start, and says in words what was looked at where none is.
 *
 * The order: what the person named, the environment that this extension made, `ducktypist` on PATH,
 * uv's tools. What was named is used or said to be wrong; nothing else takes its place. How one
 * place is looked at, and what is never run, is `search.ts`'s business. No `vscode` here.
 */

import { type Found, Search, type Tried, type Wanted, type World } from './search.ts';

export interface NotFound {
  readonly tried: readonly Tried[];
}

/** Look in all places, in order. */
export async function findServer(wanted: Wanted, world: World): Promise<Found | NotFound> {
  const search = new Search(wanted, world);
  const found = await firstIn(search, wanted);
  return found ?? { tried: search.tried };
}

/** What to tell the person: what was looked at, and what was wrong with it. */
export function notFoundInWords(missing: NotFound): string {
  const lines = missing.tried.map((one) => `${one.what}: ${one.why}`);
  return `Ducktypist needs its server. Looked for ${lines.join('; ')}.`;
}

/** The first of the places whose server is too old; it can be updated. */
export function tooOldIn(missing: NotFound): Tried | undefined {
  return missing.tried.find((one) => one.tooOld !== undefined);
}

async function firstIn(search: Search, wanted: Wanted): Promise<Found | undefined> {
  if (wanted.command.length > 0) {
    return await search.command();
  }
  if (wanted.interpreter !== '') {
    return await search.interpreter();
  }
  return (await search.own()) ?? (await search.onPath()) ?? (await search.ofUv());
}

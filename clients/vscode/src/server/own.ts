/**
 * The server's environment that this extension makes, in VS Code's folder for it.
 *
 * Each install has a folder of its own, and a small file names the one that is finished. So one that
 * broke off is never found, and a running server keeps its files while a newer one is installed.
 * No `vscode` here.
 */

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

const FOLDER = 'servers';
const FINISHED = 'finished.json';

/** Python of the finished environment; undefined where there is none. */
export async function ownPython(storage: string): Promise<string | undefined> {
  const name = await finishedName(storage);
  return name === undefined ? undefined : pythonIn(join(storage, FOLDER, name));
}

/** Python of an environment's folder. */
export function pythonIn(environment: string): string {
  return process.platform === 'win32'
    ? join(environment, 'Scripts', 'python.exe')
    : join(environment, 'bin', 'python');
}

/** Make room for a new environment and return its folder, which does not count as one yet. */
export async function unfinishedFolder(storage: string): Promise<string> {
  const folder = join(storage, FOLDER, randomUUID().slice(0, 8));
  await mkdir(join(storage, FOLDER), { recursive: true });
  return folder;
}

/** Let an environment count; what was there before is removed at the next install. */
export async function finish(storage: string, environment: string): Promise<void> {
  const place = join(storage, FOLDER, FINISHED);
  const written = `${place}.${randomUUID().slice(0, 8)}`;
  await writeFile(written, JSON.stringify({ folder: basename(environment) }));
  await rename(written, place);
}

/**
 * Remove what is no finished environment: installs that broke off, and older ones.
 *
 * What another window may be installing this minute is younger than `olderThanMs` and left alone.
 */
export async function sweep(storage: string, olderThanMs: number): Promise<void> {
  const kept = await finishedName(storage);
  const names = await readdir(join(storage, FOLDER)).catch(() => []);
  for (const name of names.filter((name) => name !== kept && name !== FINISHED)) {
    const place = join(storage, FOLDER, name);
    if (Date.now() - (await stat(place)).mtimeMs > olderThanMs) {
      await rm(place, { recursive: true, force: true });
    }
  }
}

async function finishedName(storage: string): Promise<string | undefined> {
  try {
    const { folder } = JSON.parse(await readFile(join(storage, FOLDER, FINISHED), 'utf8')) as {
      folder?: unknown;
    };
    return typeof folder === 'string' && /^[\w-]+$/.test(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** The environment of the extension, in a real folder. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { finish, ownPython, pythonIn, sweep, unfinishedFolder } from '../../src/server/own.ts';

let storage = '';

beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), 'duck-'));
});

afterEach(async () => {
  await rm(storage, { recursive: true });
});

test('an install that broke off is not found', async () => {
  await mkdir(await unfinishedFolder(storage));

  assert.equal(await ownPython(storage), undefined);
});

test('a finished one is found, and a newer one in its place', async () => {
  const [first, second] = [await unfinishedFolder(storage), await unfinishedFolder(storage)];

  await finish(storage, first);
  assert.equal(await ownPython(storage), pythonIn(first));
  await finish(storage, second);
  assert.equal(await ownPython(storage), pythonIn(second));
});

test('a note that names another place is not followed', async () => {
  await unfinishedFolder(storage);
  for (const text of ['{"folder": "../../elsewhere"}', '{"folder": 3}', 'nonsense']) {
    await writeFile(join(storage, 'servers', 'finished.json'), text);
    assert.equal(await ownPython(storage), undefined);
  }
});

test('what is neither finished nor recent is removed', async () => {
  const [old, kept, recent] = await Promise.all([1, 2, 3].map(() => unfinishedFolder(storage)));
  for (const folder of [old, kept, recent]) {
    assert.ok(folder !== undefined);
    await mkdir(folder);
  }
  const yesterday = Date.now() / 1000 - 86_400;
  await utimes(old ?? '', yesterday, yesterday);
  await utimes(kept ?? '', yesterday, yesterday);
  await finish(storage, kept ?? '');

  await sweep(storage, 3_600_000);

  const left = new Set(await readdir(join(storage, 'servers')));
  assert.deepEqual(left, new Set([basename(kept ?? ''), basename(recent ?? ''), 'finished.json']));
});

test('there is nothing to remove before the first install', async () => {
  await sweep(storage, 0);

  assert.equal(await ownPython(storage), undefined);
});

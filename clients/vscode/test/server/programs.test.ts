/** Real programs, run to their end. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isProgram, run, type RunOptions } from '../../src/server/programs.ts';

const NODE = process.execPath;
let options: RunOptions = { folder: tmpdir(), timeoutMs: 60_000 };

before(async () => {
  options = { ...options, folder: await mkdtemp(join(tmpdir(), 'duck-')) };
});

after(async () => {
  await rm(options.folder, { recursive: true });
});

test('what a program printed and how it ended comes back, line by line as well', async () => {
  const lines: string[] = [];
  const source = 'console.log("one"); console.error("two"); process.stdout.write("three"); process.exitCode = 3';

  const ran = await run(NODE, ['-e', source], { ...options, onLine: (line) => lines.push(line) });

  assert.equal(ran.status, 3);
  assert.deepEqual(lines.toSorted(), ['one', 'three', 'two']);
  assert.match(ran.output, /one/);
});

test('a program runs in the folder that is named, with what is added to its environment', async () => {
  const source = 'console.log(process.cwd(), process.env.DUCK)';

  const ran = await run(NODE, ['-e', source], { ...options, environment: { DUCK: 'quack' } });

  assert.equal(ran.output.trim(), `${options.folder} quack`);
});

test('what is not there is said, not thrown', async () => {
  const ran = await run(join(options.folder, 'nothing'), [], options);

  assert.deepEqual(ran, { status: undefined, output: '', trouble: 'is not there' });
});

test('a program that is cancelled is ended, and what it started too', async () => {
  const note = join(options.folder, 'port');
  const outer = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(listener(note))}], {stdio: "inherit"});
    setInterval(() => {}, 1000)`;
  const abort = new AbortController();
  const ended = run(NODE, ['-e', outer], { ...options, signal: abort.signal });
  const port = Number(await until(() => textOf(note), 'the port was never written'));
  assert.ok(await listens(port));

  abort.abort();
  const ran = await ended;

  assert.equal(ran.trouble, 'was cancelled');
  await until(async () => !(await listens(port)), 'the inner one is still there');
});

test('what is still running ends with whoever started it', async () => {
  const note = join(options.folder, 'other-port');
  const module = JSON.stringify(new URL('../../src/server/programs.ts', import.meta.url).href);
  const editor = `
    const { run } = await import(${module});
    const { existsSync } = await import("node:fs");
    void run(process.execPath, ["-e", ${JSON.stringify(listener(note))}], { folder: ".", timeoutMs: 60000 });
    setInterval(() => existsSync(${JSON.stringify(note)}) && process.exit(7), 20);`;

  const ran = await run(NODE, ['--input-type=module', '-e', editor], options);
  const port = Number(await until(() => textOf(note), 'the port was never written'));

  assert.equal(ran.status, 7);
  await until(async () => !(await listens(port)), 'it goes on');
});

test('the time limit is named in words', async () => {
  const ran = await run(NODE, ['-e', 'setInterval(() => {}, 1000)'], { ...options, timeoutMs: 500 });

  assert.deepEqual(ran, { status: undefined, output: '', trouble: 'did not answer within 0.5 s' });
});

test('a file that may be run is a program; a folder or a text is not', async () => {
  const text = join(options.folder, 'text');
  await writeFile(text, 'x', { mode: 0o644 });

  assert.ok(await isProgram(NODE));
  assert.ok(!(await isProgram(options.folder)));
  assert.ok(!(await isProgram(text)));
});

/** The source of a program that listens until it is ended, and writes down where. */
function listener(note: string): string {
  return `const server = require("net").createServer();
    const { writeFileSync, renameSync } = require("fs");
    server.listen(0, "127.0.0.1", () => {
      writeFileSync(${JSON.stringify(`${note}.part`)}, String(server.address().port));
      renameSync(${JSON.stringify(`${note}.part`)}, ${JSON.stringify(note)});
    });`;
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function until<T>(ask: () => Promise<T>, otherwise: string): Promise<T> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(otherwise);
}

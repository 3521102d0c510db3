/** How the server is installed, with programs that only answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Hands, install, InstallError, type Order } from '../../src/server/install.ts';
import type { Ran } from '../../src/server/programs.ts';

const ORDER: Order = {
  packages: ['ducktypist[sandbox,report]'],
  interpreter: '',
  environment: '/storage/servers/1',
  python: '/storage/servers/1/bin/python',
};
const OK: Ran = { status: 0, output: '' };
const PYTHON: Ran = { status: 0, output: '3.12.1\n/usr/bin/python3.12\n' };
const VERSION: Ran = { status: 0, output: 'ducktypist, version 0.1.0\n' };

/** A machine whose programs answer by the first pattern that their command line matches. */
class Machine implements Hands {
  readonly platform: NodeJS.Platform = 'linux';
  readonly ran: string[] = [];
  readonly steps: string[] = [];
  private readonly onPath: readonly string[];
  private readonly answers: readonly (readonly [RegExp, Ran])[];

  constructor(onPath: readonly string[], answers: readonly (readonly [RegExp, Ran])[]) {
    this.onPath = onPath;
    this.answers = answers;
  }

  lookUp(name: string): Promise<string | undefined> {
    return Promise.resolve(this.onPath.includes(name) ? `/usr/bin/${name}` : undefined);
  }

  ask(program: string, args: readonly string[]): Promise<Ran> {
    const line = [program, ...args].join(' ');
    this.ran.push(line);
    return Promise.resolve(this.answers.find(([pattern]) => pattern.test(line))?.[1] ?? OK);
  }

  work(program: string, args: readonly string[]): Promise<Ran> {
    return this.ask(program, args);
  }

  step(words: string): void {
    this.steps.push(words);
  }
}

test('with uv, uv finds a Python, makes the environment and installs', async () => {
  const machine = new Machine(['uv', 'python3'], [[/--version$/, VERSION]]);

  assert.equal(await install(ORDER, machine), '0.1.0');
  assert.deepEqual(machine.ran, [
    '/usr/bin/uv --version',
    '/usr/bin/uv venv --no-project --python >=3.11 /storage/servers/1',
    '/usr/bin/uv pip install --python /storage/servers/1/bin/python ducktypist[sandbox,report]',
    '/storage/servers/1/bin/python -P -m ducktypist --version',
  ]);
  assert.ok(machine.steps.some((words) => words.includes('takes minutes')));
});

test('without uv, the first Python that is new enough makes it', async () => {
  const machine = new Machine(
    ['python3', 'python3.12'],
    [
      [/python3 -I/, { status: 0, output: '3.9.2\n/usr/bin/python3\n' }],
      [/python3\.12 -I/, PYTHON],
      [/--version$/, VERSION],
    ],
  );

  await install(ORDER, machine);

  assert.ok(machine.ran.includes('/usr/bin/python3.12 -m venv /storage/servers/1'));
  assert.ok(machine.ran.some((line) => line.startsWith(`${ORDER.python} -m pip install --no-input`)));
});

test('a uv that is only a stand-in is not used', async () => {
  const broken = { status: 127, output: 'pyenv: uv: command not found' };
  const machine = new Machine(['uv', 'python3'], [[/uv --version/, broken], [/ -I /, PYTHON], [/--version$/, VERSION]]);

  await install(ORDER, machine);

  assert.ok(!machine.ran.some((line) => line.startsWith('/usr/bin/uv venv')));
});

test('the Python of the settings is the one that makes the environment', async () => {
  const machine = new Machine([], [[/^\/opt\/python -I/, PYTHON], [/--version$/, VERSION]]);

  await install({ ...ORDER, interpreter: '/opt/python' }, machine);

  assert.ok(machine.ran.includes('/usr/bin/python3.12 -m venv /storage/servers/1'));
});

test('each failure says what is lacking and what to do', async () => {
  const noPip = { status: 1, output: 'The virtual environment was not created because ensurepip is not available.' };
  const noCompiler = { status: 1, output: 'CMake Error: CMAKE_CXX_COMPILER not set\nERROR: Failed building wheel' };
  const noPackage = { status: 1, output: 'Looking in indexes\nERROR: No matching distribution found for ducktypist\n' };
  const wrong = { status: 0, output: 'ducktypist, version 0.0.1' };
  const cases: [readonly string[], [RegExp, Ran][], RegExp][] = [
    [[], [], /needs Python 3\.11 or newer\. Looked for python3: not on PATH; .*Install Python or uv/],
    [['python3'], [[/ -I /, { status: 0, output: '3.8.10\n/usr/bin/python3' }]], /python3: is Python 3\.8\.10/],
    [['python3'], [[/ -I /, PYTHON], [/ -m venv/, noPip]], /sudo apt install python3-venv/],
    [['python3'], [[/ -I /, PYTHON], [/ pip /, noCompiler]], /no C\+\+ compiler; install one/],
    [['python3'], [[/ -I /, PYTHON], [/ pip /, noPackage]], /No matching distribution found for ducktypist/],
    [['python3'], [[/ -I /, PYTHON], [/--version$/, wrong]], /Version 0\.0\.1 was installed, .* needs 0\.1\.0/],
    [['python3'], [[/ -I /, PYTHON], [/ pip /, { status: undefined, output: '', trouble: 'was cancelled' }]], /was cancelled/],
  ];
  for (const [onPath, answers, expected] of cases) {
    const failed = install(ORDER, new Machine(onPath, answers));
    await assert.rejects(failed, (error) => error instanceof InstallError && expected.test(error.message));
  }
});

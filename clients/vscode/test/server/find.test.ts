/** Where the server is looked for, and what is never run. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findServer, type NotFound, notFoundInWords, tooOldIn } from '../../src/server/find.ts';
import type { Ran } from '../../src/server/programs.ts';
import { type Found, lookUpAllowed, type Wanted, type World } from '../../src/server/search.ts';

const NOTHING: Wanted = {
  command: [],
  interpreter: '',
  own: undefined,
  folders: ['/home/user/shop'],
  trusted: false,
};
const ANSWERS: Ran = { status: 0, output: 'ducktypist, version 0.1.0\n' };

interface Machine {
  /** What each program answers, whatever it is asked. */
  readonly programs?: Record<string, Ran>;
  readonly path?: string;
  readonly links?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
}

class Fake implements World {
  readonly ran: string[] = [];
  readonly platform: NodeJS.Platform;
  readonly home = '/home/user';
  readonly environment: Record<string, string>;
  private readonly programs: Record<string, Ran>;
  private readonly links: Record<string, string>;

  constructor({ programs = {}, path = '/usr/bin', links = {}, platform = 'linux' }: Machine) {
    this.programs = programs;
    this.links = links;
    this.platform = platform;
    this.environment = { PATH: path };
  }

  isProgram(path: string): Promise<boolean> {
    return Promise.resolve(path in this.programs);
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(this.links[path] ?? path);
  }

  run(program: string, args: readonly string[]): Promise<Ran> {
    this.ran.push([program, ...args].join(' '));
    return Promise.resolve(this.programs[program] ?? { status: undefined, output: '', trouble: 'is not there' });
  }
}

async function found(wanted: Partial<Wanted>, world: World): Promise<Found> {
  const result = await findServer({ ...NOTHING, ...wanted }, world);
  assert.ok('launch' in result, JSON.stringify(result));
  return result;
}

async function missing(wanted: Partial<Wanted>, world: World): Promise<NotFound> {
  const result = await findServer({ ...NOTHING, ...wanted }, world);
  assert.ok('tried' in result, JSON.stringify(result));
  return result;
}

test('the command of the settings is started as it is, and nothing is asked of it', async () => {
  const world = new Fake({ programs: { '/opt/python': ANSWERS } });

  const { launch, origin } = await found({ command: ['/opt/python', '-m', 'ducktypist', 'serve'] }, world);

  assert.deepEqual(launch, { program: '/opt/python', args: ['-m', 'ducktypist', 'serve'] });
  assert.equal(origin, 'command');
  assert.deepEqual(world.ran, []);
});

test('the name of a command is looked up on PATH', async () => {
  const world = new Fake({ programs: { '/b/ducktypist': ANSWERS }, path: '/a:/b' });

  const { launch } = await found({ command: ['ducktypist', 'serve'] }, world);

  assert.equal(launch.program, '/b/ducktypist');
});

test('a command relative to a folder is refused, whatever the folder', async () => {
  const world = new Fake({ programs: { './serve': ANSWERS, 'bin/serve': ANSWERS } });

  for (const command of ['./serve', 'bin/serve']) {
    const { tried } = await missing({ command: [command] }, world);
    assert.match(tried[0]?.why ?? '', /relative/);
  }
});

test('what the person named and is not there is said, and nothing else is taken', async () => {
  const world = new Fake({ programs: { '/usr/bin/ducktypist': ANSWERS } });

  const noCommand = await missing({ command: ['/opt/gone', 'serve'] }, world);
  const noPython = await missing({ interpreter: '/opt/gone/python' }, world);

  assert.match(notFoundInWords(noCommand), /server\.command` \(\/opt\/gone\): there is no such program/);
  assert.match(notFoundInWords(noPython), /server\.interpreter` \(\/opt\/gone\/python\): there is no/);
});

test('an interpreter is asked for its ducktypist and imports nothing from where it stands', async () => {
  const world = new Fake({ programs: { '/home/user/venv/bin/python': ANSWERS } });

  const { launch, version } = await found({ interpreter: '~/venv/bin/python' }, world);

  assert.deepEqual(world.ran, ['/home/user/venv/bin/python -P -m ducktypist --version']);
  assert.deepEqual(launch.args, ['-P', '-m', 'ducktypist', 'serve']);
  assert.equal(version, '0.1.0');
});

test('an interpreter without ducktypist, or one that is too old, is said in words', async () => {
  const without = { status: 1, output: '/opt/py: No module named ducktypist\n' };
  const old = { status: 2, output: 'unknown option -P\nusage: python [option]\n' };
  const world = new Fake({ programs: { '/opt/py': without, '/opt/old': old } });

  const first = await missing({ interpreter: '/opt/py' }, world);
  const second = await missing({ interpreter: '/opt/old' }, world);

  assert.equal(first.tried[0]?.why, 'this Python has no ducktypist');
  assert.equal(second.tried[0]?.why, 'this Python is older than 3.11');
});

test('the order is: own environment, PATH, the tools of uv', async () => {
  const programs: Record<string, Ran> = {
    '/own/bin/python': ANSWERS,
    '/usr/bin/ducktypist': ANSWERS,
    '/usr/bin/uv': { status: 0, output: '/tools/bin\n' },
    '/tools/bin/ducktypist': ANSWERS,
    '/home/user/.local/bin/ducktypist': ANSWERS,
  };
  const origins: string[] = [];
  for (const gone of ['', '/own/bin/python', '/usr/bin/ducktypist', '/tools/bin/ducktypist']) {
    delete programs[gone];
    const { launch } = await found({ own: '/own/bin/python' }, new Fake({ programs: { ...programs } }));
    origins.push(launch.program);
  }

  assert.deepEqual(origins, [
    '/own/bin/python',
    '/usr/bin/ducktypist',
    '/tools/bin/ducktypist',
    '/home/user/.local/bin/ducktypist',
  ]);
});

test('a server that is too old is passed over for a newer one, and told where there is none', async () => {
  const old = { status: 0, output: 'ducktypist, version 0.0.9' };
  const newer = new Fake({ programs: { '/own/bin/python': old, '/usr/bin/ducktypist': ANSWERS } });
  const none = new Fake({ programs: { '/own/bin/python': old } });

  const { origin } = await found({ own: '/own/bin/python' }, newer);
  const nothing = await missing({ own: '/own/bin/python' }, none);

  assert.equal(origin, 'path');
  assert.equal(tooOldIn(nothing)?.origin, 'own');
  assert.match(notFoundInWords(nothing), /it is version 0\.0\.9, and 0\.1\.0 or newer is needed/);
});

test('where nothing is found, each place that was looked at is named', async () => {
  const words = notFoundInWords(await missing({}, new Fake({})));

  assert.match(words, /^Ducktypist needs its server\. Looked for the environment of this extension/);
  assert.match(words, /`ducktypist` on PATH: there is none/);
  assert.match(words, /`uv tool` \(\/home\/user\/\.local\/bin\): it is not there\.$/);
});

test('nothing inside an untrusted workspace is run, by whatever way it is reached', async () => {
  const shop = '/home/user/shop';
  const inside = `${shop}/.venv/bin/ducktypist`;
  const ways: [Partial<Wanted>, Machine][] = [
    [{}, { path: `${shop}/.venv/bin`, programs: { [inside]: ANSWERS } }],
    [{ interpreter: `${shop}/.venv/bin/python` }, { programs: { [`${shop}/.venv/bin/python`]: ANSWERS } }],
    [{ command: [inside, 'serve'] }, { programs: { [inside]: ANSWERS } }],
    [{ interpreter: '/usr/../home/user/shop/python' }, { programs: { '/usr/../home/user/shop/python': ANSWERS } }],
    // An environment's Python is a link that leads out, and what it imports lies inside.
    [
      { interpreter: `${shop}/bin/python` },
      { programs: { [`${shop}/bin/python`]: ANSWERS }, links: { [`${shop}/bin/python`]: '/usr/bin/python3' } },
    ],
    // A link from outside that leads in, of the program and of its folder.
    [{ interpreter: '/opt/py' }, { programs: { '/opt/py': ANSWERS }, links: { '/opt/py': `${shop}/py` } }],
    [{ interpreter: '/opt/bin/py' }, { programs: { '/opt/bin/py': ANSWERS }, links: { '/opt/bin': `${shop}/bin` } }],
    // The folder was opened by a link.
    [
      { interpreter: '/data/shop/py', folders: ['/work/shop'] },
      { programs: { '/data/shop/py': ANSWERS }, links: { '/work/shop': '/data/shop' } },
    ],
  ];
  for (const [wanted, machine] of ways) {
    const world = new Fake(machine);
    const refused = await missing(wanted, world);
    assert.ok(refused.tried.some((one) => one.why.includes('not trusted')), JSON.stringify(wanted));
    assert.deepEqual(world.ran, []);

    await found({ ...wanted, trusted: true }, new Fake(machine));
  }
});

test('what lies beside the workspace is not inside it', async () => {
  const world = new Fake({ programs: { '/home/user/shop-tools/py': ANSWERS } });

  await found({ interpreter: '/home/user/shop-tools/py' }, world);
});

test('entries of PATH that depend on the current folder are left out', async () => {
  const programs = { ducktypist: ANSWERS, './ducktypist': ANSWERS, 'bin/ducktypist': ANSWERS };
  const world = new Fake({ path: ':.:bin', programs });

  const { tried } = await missing({}, world);

  assert.equal(tried.find((one) => one.origin === 'path')?.why, 'there is none');
});

test('a uv of an untrusted workspace is not asked', async () => {
  const uv = { '/home/user/shop/bin/uv': { status: 0, output: '/home/user/shop/bin' } };
  const world = new Fake({ path: '/home/user/shop/bin', programs: uv });

  await missing({}, world);

  assert.deepEqual(world.ran, []);
  assert.equal(await lookUpAllowed('uv', NOTHING, world), undefined);
  assert.equal(await lookUpAllowed('uv', { ...NOTHING, trusted: true }, world), '/home/user/shop/bin/uv');
});

test('on Windows programs end in .exe and paths have drives', async () => {
  const program = 'C:\\Tools\\ducktypist.exe';
  const world = new Fake({ platform: 'win32', path: 'D:\\x;C:\\Tools', programs: { [program]: ANSWERS } });

  const { launch } = await found({ folders: ['D:\\shop'] }, world);

  assert.equal(launch.program, program);
});

/**
 * Looks at one place for the server, or for another program, and notes why it did not do.
 *
 * Nothing is found relative to a current folder, and nothing is run inside a workspace that is not
 * trusted. Programs and files are asked through `World`, so this is tested without either. No
 * `vscode` here.
 */

import * as posix from 'node:path/posix';
import * as win32 from 'node:path/win32';
import type { Ran } from './programs.ts';
import { isAtLeast, LEAST_SERVER, versionIn } from './versions.ts';

export interface Wanted {
  /** `ducktypist.server.command`. */
  readonly command: readonly string[];
  /** `ducktypist.server.interpreter`. */
  readonly interpreter: string;
  /** Python of the environment that this extension made; undefined where there is none. */
  readonly own: string | undefined;
  /** The workspace's folders. */
  readonly folders: readonly string[];
  readonly trusted: boolean;
}

export interface World {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  isProgram(path: string): Promise<boolean>;
  realPath(path: string): Promise<string>;
  /** Run a program that answers and ends, in a folder that is nobody's. */
  run(program: string, args: readonly string[]): Promise<Ran>;
}

export type Origin = 'command' | 'interpreter' | 'own' | 'path' | 'uv';

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Found {
  readonly launch: Launch;
  readonly origin: Origin;
  /** Undefined for a command of the person's own: it is asked when it answers. */
  readonly version: string | undefined;
}

/** One place that was looked at, and why it did not do. */
export interface Tried {
  readonly origin: Origin;
  readonly what: string;
  readonly why: string;
  /** Its version, where that is what is wrong. */
  readonly tooOld?: string;
}

/** `-P`: nothing is imported from the folder in which it is started. */
const MODULE = ['-P', '-m', 'ducktypist'];

/** The full path of a program on PATH, unless it must not be run here. */
export async function lookUpAllowed(
  name: string,
  wanted: Pick<Wanted, 'folders' | 'trusted'>,
  world: World,
): Promise<string | undefined> {
  const search = new Search({ command: [], interpreter: '', own: undefined, ...wanted }, world);
  const program = await search.lookUp(name);
  return program === undefined || (await search.refused(program)) !== undefined
    ? undefined
    : program;
}

export class Search {
  readonly tried: Tried[] = [];
  private readonly wanted: Wanted;
  private readonly world: World;
  private readonly path: typeof posix;

  constructor(wanted: Wanted, world: World) {
    this.wanted = wanted;
    this.world = world;
    this.path = world.platform === 'win32' ? win32 : posix;
  }

  /** The command of the settings, as it is. */
  async command(): Promise<Found | undefined> {
    const [first = '', ...args] = this.wanted.command;
    const what = `\`ducktypist.server.command\` (${first})`;
    const given = this.expanded(first);
    const isBare = !given.includes('/') && !given.includes(this.path.sep);
    const program = isBare ? await this.lookUp(given) : given;
    if (program === undefined) {
      return this.miss('command', what, 'there is no such program on PATH');
    }
    const refused = await this.refused(program);
    if (refused !== undefined) {
      return this.miss('command', what, refused);
    }
    return { launch: { program, args }, origin: 'command', version: undefined };
  }

  /** A Python of the settings. */
  async interpreter(): Promise<Found | undefined> {
    const what = `\`ducktypist.server.interpreter\` (${this.wanted.interpreter})`;
    return await this.tested('interpreter', what, this.expanded(this.wanted.interpreter), MODULE);
  }

  /** What this extension installed. */
  async own(): Promise<Found | undefined> {
    const what = 'the environment of this extension';
    return this.wanted.own === undefined
      ? this.miss('own', what, 'nothing is installed there yet')
      : await this.tested('own', what, this.wanted.own, MODULE);
  }

  async onPath(): Promise<Found | undefined> {
    const program = await this.lookUp('ducktypist');
    return program === undefined
      ? this.miss('path', '`ducktypist` on PATH', 'there is none')
      : await this.tested('path', `\`ducktypist\` on PATH (${program})`, program, []);
  }

  /** Where `uv tool install ducktypist` puts it; that folder need not be on PATH. */
  async ofUv(): Promise<Found | undefined> {
    const folders: string[] = [];
    const uv = await this.lookUp('uv');
    if (uv !== undefined && (await this.refused(uv)) === undefined) {
      const ran = await this.world.run(uv, ['tool', 'dir', '--bin']);
      const said = ran.status === 0 ? ran.output.trim().split('\n').at(-1)?.trim() : undefined;
      if (said !== undefined && this.path.isAbsolute(said)) {
        folders.push(said);
      }
    }
    folders.push(this.path.join(this.world.home, '.local', 'bin'));
    for (const folder of new Set(folders)) {
      for (const name of this.fileNames('ducktypist')) {
        const program = this.path.join(folder, name);
        if (await this.world.isProgram(program)) {
          return await this.tested('uv', `\`uv tool\` (${program})`, program, []);
        }
      }
    }
    return this.miss('uv', `\`uv tool\` (${folders.join(', ')})`, 'it is not there');
  }

  private async tested(
    origin: Origin,
    what: string,
    program: string,
    before: readonly string[],
  ): Promise<Found | undefined> {
    const refused = await this.refused(program);
    if (refused !== undefined) {
      return this.miss(origin, what, refused);
    }
    const ran = await this.world.run(program, [...before, '--version']);
    if (ran.status !== 0) {
      return this.miss(origin, what, ran.trouble ?? saidInstead(ran));
    }
    const version = versionIn(ran.output);
    if (version === undefined) {
      return this.miss(origin, what, `\`--version\` gave no version but ${lastLine(ran.output)}`);
    }
    if (!isAtLeast(version, LEAST_SERVER)) {
      const why = `it is version ${version}, and ${LEAST_SERVER} or newer is needed`;
      return this.miss(origin, what, why, version);
    }
    return { launch: { program, args: [...before, 'serve'] }, origin, version };
  }

  /** Why a program is not to be run; undefined where it may be. */
  async refused(program: string): Promise<string | undefined> {
    if (!this.path.isAbsolute(program)) {
      return 'the path is relative, and relative to what would be chance; write it in full';
    }
    if (!(await this.world.isProgram(program))) {
      return 'there is no such program';
    }
    if (!this.wanted.trusted && (await this.isInWorkspace(program))) {
      return 'it lies in this workspace, which is not trusted, so it is not run';
    }
    return undefined;
  }

  private miss(origin: Origin, what: string, why: string, tooOld?: string): undefined {
    this.tried.push({ origin, what, why, ...(tooOld === undefined ? {} : { tooOld }) });
  }

  /** A path of the settings, with the home folder for a `~`. */
  private expanded(path: string): string {
    return /^~(?=[\\/]|$)/.test(path) ? this.world.home + path.slice(1) : path;
  }

  private async isInWorkspace(program: string): Promise<boolean> {
    // An environment's Python is a link to one outside, but what it imports lies beside the link.
    const real = (path: string): Promise<string> => this.world.realPath(path);
    const folder = await real(this.path.dirname(program));
    const places = [this.path.normalize(program), this.path.join(folder, '_'), await real(program)];
    for (const root of this.wanted.folders) {
      for (const at of [this.path.normalize(root), await real(root)]) {
        if (places.some((place) => isInside(this.path, place, at))) {
          return true;
        }
      }
    }
    return false;
  }

  async lookUp(name: string): Promise<string | undefined> {
    const { environment, platform } = this.world;
    const path = environment['PATH'] ?? (platform === 'win32' ? environment['Path'] : undefined);
    // An empty or relative entry means the current folder, which may be anybody's.
    const folders = (path ?? '').split(this.path.delimiter).filter((at) => this.path.isAbsolute(at));
    for (const folder of folders) {
      for (const file of this.fileNames(name)) {
        const program = this.path.join(folder, file);
        if (await this.world.isProgram(program)) {
          return program;
        }
      }
    }
    return undefined;
  }

  private fileNames(name: string): string[] {
    return this.world.platform === 'win32' && !name.endsWith('.exe') ? [`${name}.exe`] : [name];
  }
}

function isInside(path: typeof posix, place: string, root: string): boolean {
  const steps = path.relative(root, place);
  return steps !== '' && !steps.startsWith('..') && !path.isAbsolute(steps);
}

function saidInstead(ran: Ran): string {
  if (/No module named '?ducktypist/.test(ran.output)) {
    return 'this Python has no ducktypist';
  }
  if (/[Uu]nknown option:? -P/.test(ran.output)) {
    return 'this Python is older than 3.11';
  }
  return `\`--version\` ended with ${ran.status}: ${lastLine(ran.output)}`;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim().slice(0, 200) || 'nothing';
}

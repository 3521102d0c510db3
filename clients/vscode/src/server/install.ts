/**
 * Installs the server into an environment of its own: Python found, environment made, packages
 * installed, result looked at. What it needs of the machine comes through `Hands`; nothing of VS Code
 * here, and nothing is shown.
 */

import * as posix from 'node:path/posix';
import * as win32 from 'node:path/win32';
import type { Ran } from './programs.ts';
import { isAtLeast, LEAST_PYTHON, LEAST_SERVER, versionIn } from './versions.ts';

export interface Order {
  /** What pip installs: `ducktypist.server.package`. */
  readonly packages: readonly string[];
  /** The person's own choice of a Python, may be empty. */
  readonly interpreter: string;
  /** Where the environment is made; nothing is there yet. */
  readonly environment: string;
  /** Python in it. */
  readonly python: string;
}

export interface Hands {
  readonly platform: NodeJS.Platform;
  /** The full path of a program on PATH that may be run here; undefined where there is none. */
  lookUp(name: string): Promise<string | undefined>;
  /** Run a short program. */
  ask(program: string, args: readonly string[]): Promise<Ran>;
  /** Run a long one, whose lines go to the log. */
  work(program: string, args: readonly string[]): Promise<Ran>;
  /** Say which step comes now. */
  step(words: string): void;
}

/** Why it could not be installed, with what to do; fit to be shown. */
export class InstallError extends Error {}

const SHOW_PYTHON = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';

/**
 * Install the server and return its version.
 *
 * @throws InstallError where something is lacking or a step failed.
 */
export async function install(order: Order, hands: Hands): Promise<string> {
  const uv = await hands.lookUp('uv');
  // What lies on PATH may be a version manager's stand-in for a program that is not installed.
  const hasUv = uv !== undefined && (await hands.ask(uv, ['--version'])).status === 0;
  const made = hasUv ? await byUv(order, hands, uv) : await byVenv(order, hands);
  hands.step('installing; llama.cpp is compiled for this machine, which takes minutes');
  const [program, ...args] = made;
  const installed = await hands.work(program, [...args, ...order.packages]);
  demand(installed, 'The packages could not be installed', reasonOf(installed));
  hands.step('looking whether it answers');
  const answer = await hands.ask(order.python, ['-P', '-m', 'ducktypist', '--version']);
  demand(answer, 'The server was installed and does not answer', reasonOf(answer));
  const version = versionIn(answer.output);
  if (version === undefined || !isAtLeast(version, LEAST_SERVER)) {
    throw new InstallError(
      `Version ${version ?? 'unknown'} was installed, and this extension needs ${LEAST_SERVER} or ` +
        'newer. Name another one in the setting `ducktypist.server.package`.',
    );
  }
  return version;
}

type CommandLine = readonly [program: string, ...args: string[]];

/** uv finds a Python, or fetches one, by itself. */
async function byUv(order: Order, hands: Hands, uv: string): Promise<CommandLine> {
  hands.step('making an environment with uv');
  const python = order.interpreter === '' ? `>=${LEAST_PYTHON}` : order.interpreter;
  const made = await hands.work(uv, ['venv', '--no-project', '--python', python, order.environment]);
  demand(made, 'uv could not make an environment', reasonOf(made));
  return [uv, 'pip', 'install', '--python', order.python];
}

async function byVenv(order: Order, hands: Hands): Promise<CommandLine> {
  hands.step('looking for Python');
  const python = await findPython(order.interpreter, hands);
  hands.step('making an environment');
  const made = await hands.work(python, ['-m', 'venv', order.environment]);
  if (made.status !== 0 && /ensurepip|No module named '?venv/.test(made.output)) {
    throw new InstallError(
      `${python} cannot make environments: its modules venv and ensurepip are a package of their ` +
        'own here. Install it (on Debian and Ubuntu: `sudo apt install python3-venv`), or install ' +
        'uv, then try again.',
    );
  }
  demand(made, 'The environment could not be made', reasonOf(made));
  return [order.python, '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
}

/** A Python that is new enough: the person's, else those that systems have. */
async function findPython(chosen: string, hands: Hands): Promise<string> {
  const tried: string[] = [];
  for (const [name, ...args] of chosen === '' ? usual(hands.platform) : [[chosen] as const]) {
    const program = isPath(name) ? name : await hands.lookUp(name);
    if (program === undefined) {
      tried.push(`${name}: not on PATH`);
      continue;
    }
    const ran = await hands.ask(program, [...args, '-I', '-c', SHOW_PYTHON]);
    const [version = '', executable = ''] = ran.output.trim().split(/\r?\n/);
    if (ran.status !== 0 || versionIn(version) === undefined) {
      tried.push(`${program}: ${ran.trouble ?? 'does not say its version'}`);
    } else if (!isAtLeast(version, LEAST_PYTHON)) {
      tried.push(`${program}: is Python ${version}`);
    } else {
      return executable === '' ? program : executable;
    }
  }
  throw new InstallError(
    `Ducktypist needs Python ${LEAST_PYTHON} or newer. Looked for ${tried.join('; ')}. Install ` +
      'Python or uv, or name a Python in the setting `ducktypist.server.interpreter`.',
  );
}

function usual(platform: NodeJS.Platform): readonly (readonly [string, ...string[]])[] {
  const newer = ['python3.13', 'python3.12', 'python3.11'].map((name) => [name] as const);
  return platform === 'win32'
    ? [['py', '-3'], ['python']]
    : [['python3'], ['python'], ...newer];
}

function isPath(name: string): boolean {
  return posix.isAbsolute(name) || win32.isAbsolute(name);
}

function demand(ran: Ran, what: string, why: string): void {
  if (ran.status !== 0) {
    throw new InstallError(`${what}: ${why}. The log has all of it.`);
  }
}

/** The line that says what went wrong, as far as one does. */
function reasonOf(ran: Ran): string {
  if (ran.trouble !== undefined) {
    return ran.trouble;
  }
  if (/CMAKE_C(XX)?_COMPILER|[Nn]o .*C(XX)? compiler|could not find any instance of/.test(ran.output)) {
    return 'llama.cpp is compiled here, and there is no C++ compiler; install one (g++ or clang)';
  }
  const lines = ran.output.trim().split(/\r?\n/).map((line) => line.trim());
  const line = lines.findLast((one) => /^(error|ERROR)\b|Error:/.test(one)) ?? lines.at(-1);
  return line?.replace(/\.$/, '').slice(0, 300) || `it ended with ${ran.status}`;
}

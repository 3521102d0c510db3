/**
 * Runs small programs that answer and end: `--version`, `uv python find`, `pip install`.
 *
 * Never through a shell, never in a folder of the workspace: Python would import from there. Not for
 * the server itself, which the language client starts.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';

const MAX_OUTPUT = 64 * 1024;

export interface Ran {
  /** Undefined where the program could not be started or did not end in time. */
  readonly status: number | undefined;
  readonly output: string;
  /** Why there is no status. */
  readonly trouble?: string;
}

export interface RunOptions {
  /** Where it runs; a folder of the extension's own. */
  readonly folder: string;
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line as it comes, of standard output and standard error. */
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Run a program to its end; never rejects. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const isPosix = process.platform !== 'win32';
    // A group of its own: pip starts compilers, and they are to end with it.
    const child = spawn(program, args, {
      cwd: options.folder,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: isPosix,
      windowsHide: true,
    });
    const kill = (): void => {
      try {
        if (isPosix && child.pid !== undefined) {
          process.kill(-child.pid, 'SIGKILL');
        } else {
          child.kill('SIGKILL');
        }
      } catch {
        // It has ended by itself.
      }
    };
    // A compiler is not to go on for minutes after the editor was closed.
    process.once('exit', kill);
    let output = '';
    let trouble: string | undefined;
    const lines = [linesInto(options.onLine), linesInto(options.onLine)];
    const end = (why: string): void => {
      trouble ??= why;
      kill();
      // Whoever left the group may hold the other end for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const late = setTimeout(() => end(`did not answer within ${options.timeoutMs / 1000} s`), options.timeoutMs);
    const cancelled = (): void => end('was cancelled');
    options.signal?.addEventListener('abort', cancelled, { once: true });
    if (options.signal?.aborted) {
      cancelled();
    }
    const finish = (ran: Ran): void => {
      clearTimeout(late);
      process.off('exit', kill);
      options.signal?.removeEventListener('abort', cancelled);
      lines.forEach((each) => each.end());
      resolve(ran);
    };
    for (const [number, stream] of [child.stdout, child.stderr].entries()) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        output = (output + chunk).slice(-MAX_OUTPUT);
        lines[number]?.take(chunk);
      });
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'is not there' : `could not be started (${error.message})`;
      finish({ status: undefined, output, trouble: trouble ?? why });
    });
    child.once('close', (status) => {
      finish(
        trouble === undefined && status !== null
          ? { status, output }
          : { status: undefined, output, trouble: trouble ?? 'was ended from outside' },
      );
    });
  });
}

/** Whether a path is a file that may be run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** A path without links; itself where it is not there. */
export async function realPath(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

/** Cuts one stream into lines; each has its own, or halves of two would become one. */
function linesInto(onLine: ((line: string) => void) | undefined) {
  let rest = '';
  return {
    take(chunk: string): void {
      const lines = (rest + chunk).split(/\r?\n|\r/);
      rest = lines.pop() ?? '';
      lines.filter((line) => line !== '').forEach((line) => onLine?.(line));
    },
    end(): void {
      if (rest !== '') {
        onLine?.(rest);
      }
    },
  };
}

/** Installs the server with a progress notification. How it is done is `install.ts`'s business. */

import { mkdir, rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { readServerSettings } from '../settings_vscode.ts';
import { type Hands, install, InstallError } from './install.ts';
import { finish, pythonIn, sweep, unfinishedFolder } from './own.ts';
import { type RunOptions, run } from './programs.ts';
import { lookUpAllowed } from './search.ts';
import { wantedHere, worldHere } from './world.ts';

const ASK_TIMEOUT_MS = 60_000;
/** A machine with one slow core takes a good quarter of an hour to compile llama.cpp. */
const WORK_TIMEOUT_MS = 3_600_000;

/** What llama.cpp is built without: parts that nothing here uses, one of which needs OpenSSL. */
const LEAN = '-DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF';

let running: Promise<boolean> | undefined;
let stopping = new AbortController();

/** Install the server; whether it is there now. A second call waits for the first. */
export function installWithProgress(
  storage: string,
  log: vscode.LogOutputChannel,
): Promise<boolean> {
  running ??= installShown(storage, log).finally(() => {
    running = undefined;
  });
  return running;
}

/** End an install that is going on; resolves when nothing of it runs any more. */
export async function cancelInstall(): Promise<void> {
  stopping.abort();
  await running;
}

async function installShown(storage: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: 'Ducktypist: installing the server',
    cancellable: true,
  };
  try {
    const version = await vscode.window.withProgress(options, (progress, token) => {
      stopping = new AbortController();
      token.onCancellationRequested(() => stopping.abort());
      return installInto(storage, log, (message) => progress.report({ message }), stopping.signal);
    });
    log.info(`server ${version} is installed`);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error(`installing: ${message}`);
    if (error instanceof Cancelled) {
      return false;
    }
    void showTrouble(message, log);
    return false;
  }
}

class Cancelled extends Error {}

async function installInto(
  storage: string,
  log: vscode.LogOutputChannel,
  step: (words: string) => void,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(storage, { recursive: true });
  await sweep(storage, WORK_TIMEOUT_MS);
  const environment = await unfinishedFolder(storage);
  const { packages, interpreter } = readServerSettings();
  const order = { packages, interpreter, environment, python: pythonIn(environment) };
  if (packages.length === 0) {
    throw new InstallError('The setting `ducktypist.server.package` is empty; it names what to install.');
  }
  try {
    const version = await install(order, await handsHere(storage, log, step, signal));
    if (signal.aborted) {
      throw new Cancelled('cancelled');
    }
    await finish(storage, environment);
    return version;
  } catch (error) {
    await rm(environment, { recursive: true, force: true });
    throw signal.aborted ? new Cancelled('cancelled') : error;
  }
}

async function handsHere(
  storage: string,
  log: vscode.LogOutputChannel,
  step: (words: string) => void,
  signal: AbortSignal,
): Promise<Hands> {
  const [wanted, world] = [await wantedHere(storage), worldHere(storage)];
  const short: RunOptions = { folder: storage, timeoutMs: ASK_TIMEOUT_MS, signal };
  return {
    platform: process.platform,
    lookUp: (name) => lookUpAllowed(name, wanted, world),
    ask: (program, args) => run(program, args, short),
    work: (program, args) => {
      log.info(`running ${[program, ...args].join(' ')}`);
      return run(program, args, {
        ...short,
        timeoutMs: WORK_TIMEOUT_MS,
        environment: { CMAKE_ARGS: process.env['CMAKE_ARGS'] ?? LEAN },
        onLine: (line) => log.info(line),
      });
    },
    step: (words) => {
      log.info(words);
      step(words);
    },
  };
}

async function showTrouble(message: string, log: vscode.LogOutputChannel): Promise<void> {
  const showLog = 'Show Log';
  if ((await vscode.window.showErrorMessage(message, showLog)) === showLog) {
    log.show();
  }
}

/** This machine and this window, as `find.ts` asks for them. */

import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { readServerSettings } from '../settings_vscode.ts';
import type { Wanted, World } from './search.ts';
import { ownPython } from './own.ts';
import { isProgram, realPath, run } from './programs.ts';

/** Python starts in a tenth of a second; a machine that compiles beside it needs longer. */
const PROBE_TIMEOUT_MS = 30_000;

/** What this window wants to start. */
export async function wantedHere(storage: string): Promise<Wanted> {
  await mkdir(storage, { recursive: true });
  const { command, interpreter } = readServerSettings();
  return {
    command,
    interpreter,
    own: await ownPython(storage),
    folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    trusted: vscode.workspace.isTrusted,
  };
}

/** This machine. */
export function worldHere(storage: string): World {
  return {
    platform: process.platform,
    home: homedir(),
    environment: process.env,
    isProgram,
    realPath,
    run: (program, args) => run(program, args, { folder: storage, timeoutMs: PROBE_TIMEOUT_MS }),
  };
}

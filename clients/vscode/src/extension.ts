/**
 * Where VS Code begins: makes the parts and ties them together, nothing else.
 *
 * Kept small, because an editor waits for it: the language client is a second bundle that is read
 * when the server is started, which nobody waits for.
 */

import * as vscode from 'vscode';
import { registerCommands } from './commands.ts';
import { followContexts } from './contexts.ts';
import * as explain from './explain/index.ts';
import * as ghost from './ghost/index.ts';
import * as ledger from './ledger/index.ts';
import { followSettings } from './following.ts';
import { cancelInstall } from './server/installing.ts';
import { ServerLife } from './server/life.ts';
import { Missing } from './server/missing.ts';
import { type Manifest, rulesOf } from './settings.ts';
import * as status from './status/index.ts';
import * as tests from './tests/index.ts';
import { followTrust } from './trust.ts';
import { followVisible } from './visible.ts';

let life: ServerLife | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Ducktypist', { log: true });
  const storage = context.globalStorageUri.fsPath;
  const missing = new Missing(storage, log);
  const server = new ServerLife(
    storage,
    rulesOf(context.extension.packageJSON as Manifest),
    log,
    missing,
  );
  life = server;
  missing.follow(server);
  context.subscriptions.push(log, server);
  registerCommands(context, server, missing, log);
  followSettings(context, server);
  followTrust(context, server);
  followVisible(context, server);
  followContexts(context, server);
  for (const part of [status, explain, ledger, tests, ghost]) {
    part.register(context, server);
  }
  // Once VS Code has gone on; nobody waits for it, and what goes wrong is told.
  setImmediate(() => void server.start());
}

/** VS Code waits a moment for this, so that the server can end what it started. */
export async function deactivate(): Promise<void> {
  await Promise.all([cancelInstall(), life?.stop()]);
}

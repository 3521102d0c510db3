/** Follows the settings: the server's are sent to it, and those that start it ask for a restart. */

import * as vscode from 'vscode';
import type { ServerLife } from './server/life.ts';
import { SECTION } from './settings.ts';
import { readServerSettings } from './settings_vscode.ts';

export function followSettings(context: vscode.ExtensionContext, server: ServerLife): void {
  let known = starting();
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) {
        return;
      }
      server.reconfigure();
      // Compared, because VS Code also tells of settings that only came to be allowed.
      const now = starting();
      if (now !== known) {
        known = now;
        void offerRestart(server);
      }
    }),
  );
}

/** What decides which server is started. */
function starting(): string {
  const { command, interpreter } = readServerSettings();
  return JSON.stringify([command, interpreter]);
}

async function offerRestart(server: ServerLife): Promise<void> {
  if (server.state === 'absent' || server.state === 'stopped') {
    // There is nothing that a restart would interrupt.
    await server.restart();
    return;
  }
  const restart = 'Restart';
  const answer = await vscode.window.showInformationMessage(
    'How the Ducktypist server is started has changed. Restart it for that to take effect.',
    restart,
  );
  if (answer === restart) {
    await server.restart();
  }
}

/** Follows the settings: the server's are sent to it, and those that start it ask for a restart. */

import * as vscode from 'vscode';
import type { ServerLife } from './server/life.ts';
import { SECTION } from './settings.ts';

export function followSettings(context: vscode.ExtensionContext, server: ServerLife): void {
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION)) {
        return;
      }
      const starts = ['command', 'interpreter'].some((key) =>
        event.affectsConfiguration(`${SECTION}.server.${key}`),
      );
      if (starts) {
        void offerRestart(server);
      } else {
        server.reconfigure();
      }
    }),
  );
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

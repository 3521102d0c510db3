/**
 * Workspace trust: the server is told when a person comes to trust a folder.
 *
 * Until then it is told that the folder is not trusted, and runs nothing of it.
 */

import * as vscode from 'vscode';
import type { ServerLife } from './server/life.ts';

export function followTrust(context: vscode.ExtensionContext, server: ServerLife): void {
  context.subscriptions.push(
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (server.state === 'absent') {
        // It may have been refused because it lies in the folder.
        void server.restart();
      } else {
        server.trusted();
      }
    }),
  );
}

/** Open VS Code's own page for it. */
export async function manageTrust(): Promise<void> {
  await vscode.commands.executeCommand('workbench.trust.manage');
}

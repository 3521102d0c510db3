/** Whether tests may be run here, and what is said where they may not. */

import * as vscode from 'vscode';

/** Tell whether tests may be run; where not, say so and offer what to do. */
export async function isTrusted(): Promise<boolean> {
  if (vscode.workspace.isTrusted) {
    return true;
  }
  const manage = 'Manage Trust';
  const answer = await vscode.window.showWarningMessage(
    'Ducktypist: this workspace is not trusted, so its tests are not run; ' +
      'trust it first if you know its code',
    manage,
  );
  if (answer === manage) {
    await vscode.commands.executeCommand('ducktypist.manageTrust');
  }
  return vscode.workspace.isTrusted;
}

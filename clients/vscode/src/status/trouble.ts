/**
 * How what went wrong is told: one notification with the message, nothing for what the person
 * cancelled. No rejected promise of a command leaves this file.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';

/** Register a command whose failure is shown to the person. */
export function registerCommand<A extends readonly unknown[]>(
  connection: Connection,
  name: string,
  work: (...args: A) => Promise<void> | void,
): vscode.Disposable {
  return vscode.commands.registerCommand(name, async (...args: unknown[]) => {
    try {
      await work(...(args as unknown as A));
    } catch (error) {
      // That there is no server is told by who looked for it, with what can be done.
      if (connection.state !== 'absent') {
        showTrouble(error);
      }
    }
  });
}

export function showTrouble(error: unknown): void {
  if (error instanceof vscode.CancellationError) {
    return;
  }
  const words = messageOf(error);
  void vscode.window.showErrorMessage(
    words.startsWith('Ducktypist') ? words : `Ducktypist: ${words}`,
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

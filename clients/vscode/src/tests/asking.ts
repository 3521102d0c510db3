/** Asking the server for a run that can be cancelled. */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';

/** Run one of the server's commands; cancelling ends it there, and the waiting here in any case. */
export function commandUntil<T>(
  connection: Connection,
  token: vscode.CancellationToken,
  name: string,
  ...args: readonly unknown[]
): Promise<T> {
  const asked = connection.commandUntil<T>(token, name, ...args);
  return new Promise((resolve, reject) => {
    const stop = token.onCancellationRequested(() => reject(new vscode.CancellationError()));
    asked.then(resolve, reject).finally(() => stop.dispose());
  });
}

/**
 * The Test Explorer's part: a controller whose tests are those the server knows, and which runs
 * them in the server's sandbox.
 *
 * Results of other extensions' runs come the other way round: VS Code's stable interface lets no
 * extension read them (that is the proposed `testObserver`, which published extensions may not
 * use), but Python's and Go's runners leave pytest's cache and JUnit files, which the server
 * watches, so that what they found feeds its diagnostics.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { TestRun } from '../contract.ts';
import { registerCommand } from '../status/trouble.ts';
import { Explorer } from './explorer.ts';
import { isRed, summary } from './outcomes.ts';
import { isTrusted } from './trusted.ts';

const SETTING = 'ducktypist.testExplorer.enabled';

export function register(context: vscode.ExtensionContext, connection: Connection): void {
  let explorer: Explorer | undefined;
  const turn = (): void => {
    const isWanted = vscode.workspace.getConfiguration().get<boolean>(SETTING, true);
    if (isWanted && explorer === undefined) {
      explorer = new Explorer(connection);
    } else if (!isWanted) {
      explorer?.dispose();
      explorer = undefined;
    }
  };
  turn();
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SETTING)) {
        turn();
      }
    }),
    { dispose: () => explorer?.dispose() },
    registerCommand(connection, 'ducktypist.runWorkspaceTests', () => runAll(explorer, connection)),
  );
}

async function runAll(explorer: Explorer | undefined, connection: Connection): Promise<void> {
  if (!vscode.workspace.workspaceFolders?.length) {
    throw new Error('there is no folder open whose tests could be run; open one');
  }
  if (!(await isTrusted())) {
    return;
  }
  // The server shows its progress itself.
  const run = await (explorer === undefined
    ? connection.command<TestRun>('ducktypist.runTests', {})
    : explorer.runAll());
  const words = `Ducktypist: ${summary(run)}`;
  if (!isRed(run)) {
    void vscode.window.showInformationMessage(words);
    return;
  }
  const show = 'Show Problems';
  const answer = await vscode.window.showWarningMessage(words, show);
  if (answer === show) {
    await vscode.commands.executeCommand('workbench.actions.view.problems');
  }
}

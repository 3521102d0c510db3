/**
 * "Choose the Model": a list, then the person's own setting, then fetching where it is not here.
 * Fetching itself is the server's, asked for by the command `ducktypist.fetchModel`.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { Model, Models } from '../contract.ts';
import { type Line, lines } from './models.ts';

const HEARD_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 200;

export async function chooseModel(connection: Connection): Promise<void> {
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & Line>(
    connection.command<Models>('ducktypist.models').then((known) => [...lines(known.models)]),
    {
      title: 'Ducktypist: choose the model',
      placeHolder: 'Larger models are right more often and slower; the ledger says how it is here',
      matchOnDescription: true,
      matchOnDetail: true,
    },
  );
  if (picked === undefined) {
    return;
  }
  await choose(connection, picked.model);
}

async function choose(connection: Connection, model: Model): Promise<void> {
  const settings = vscode.workspace.getConfiguration('ducktypist');
  await settings.update('model.name', model.name, vscode.ConfigurationTarget.Global);
  const shadow = settings.inspect<string>('model.name');
  const nearer = shadow?.workspaceFolderValue ?? shadow?.workspaceValue;
  if (nearer !== undefined && nearer !== model.name) {
    void vscode.window.showWarningMessage(
      `Ducktypist: this workspace's settings name another model (${nearer}), which goes before ` +
        'yours here; take "ducktypist.model.name" out of them to use the one you chose',
    );
    return;
  }
  if (model.is_here) {
    void vscode.window.setStatusBarMessage(`Ducktypist: ${model.name} from now on`, 5000);
    return;
  }
  if (!(await isHeard(connection, model.name))) {
    throw new Error(
      `${model.name} stands in the settings, but the server did not take it over within ` +
        `${HEARD_WITHIN_MS / 1000} s; restart the server, then fetch the model`,
    );
  }
  await vscode.commands.executeCommand('ducktypist.fetchModel');
}

/** Settings reach the server by a notification: fetching earlier would fetch the former model. */
async function isHeard(connection: Connection, name: string): Promise<boolean> {
  const deadline = Date.now() + HEARD_WITHIN_MS;
  while (Date.now() < deadline) {
    const { models, wanted } = await connection.command<Models>('ducktypist.models');
    if (wanted === name || models.some((one) => one.name === name && one.is_wanted)) {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}

/** Tells VS Code what the walkthrough ticks off: that the server runs, that a model is there. */

import * as vscode from 'vscode';
import type { Connection } from './connection.ts';
import type { EngineState } from './contract.ts';
import { SECTION } from './settings.ts';

const WITH_MODEL: ReadonlySet<EngineState> = new Set(['idle', 'reading', 'writing']);

export function followContexts(context: vscode.ExtensionContext, server: Connection): void {
  const told = new Map<string, boolean>();
  const tell = (name: string, value: boolean): void => {
    if (told.get(name) !== value) {
      told.set(name, value);
      void vscode.commands.executeCommand('setContext', `${SECTION}.${name}`, value);
    }
  };
  context.subscriptions.push(
    server.onDidChangeState((state) => tell('isRunning', state === 'running')),
    server.onDidChangeActivity(({ state }) => tell('hasModel', WITH_MODEL.has(state))),
  );
}

/** The palette's commands that are about code and about the server; views bring their own. */

import * as vscode from 'vscode';
import type { ServerLife } from './server/life.ts';
import type { Missing } from './server/missing.ts';
import type { OfferedAction } from './server/running.ts';
import { SECTION } from './settings.ts';
import { manageTrust } from './trust.ts';

/** How ghost text stands, as `ducktypist.toggleCompletion` answers. */
interface Completion {
  readonly enabled: boolean;
  readonly disabled_languages: readonly string[];
}

export function registerCommands(
  context: vscode.ExtensionContext,
  server: ServerLife,
  missing: Missing,
  log: vscode.LogOutputChannel,
): void {
  const commands: Record<string, () => Promise<unknown> | unknown> = {
    writeBody: () => writeBody(server),
    fixTest: () => fixTest(server),
    fetchModel: () => server.command('ducktypist.pullModel'),
    switchCompletion: () => switchCompletion(server),
    installServer: () => missing.install(),
    restartServer: () => server.restart(),
    showLog: () => log.show(),
    manageTrust,
  };
  for (const [name, work] of Object.entries(commands)) {
    context.subscriptions.push(
      vscode.commands.registerCommand(`${SECTION}.${name}`, async () => {
        try {
          await work();
        } catch (error) {
          void vscode.window.showErrorMessage(`Ducktypist: ${wordsOf(error)}`);
        }
      }),
    );
  }
}

async function writeBody(server: ServerLife): Promise<void> {
  const action = await offered(server, 'body');
  if (action === undefined) {
    void vscode.window.showInformationMessage(
      'There is no body to be written here. Put the cursor into a function that has a ' +
        'signature and a description and nothing else.',
    );
    return;
  }
  await carryOut(server, action);
}

async function fixTest(server: ServerLife): Promise<void> {
  const action = await offered(server, 'fix');
  if (action !== undefined) {
    await carryOut(server, action);
    return;
  }
  const runTests = 'Run the Tests';
  const answer = await vscode.window.showInformationMessage(
    'No failing test is known here. Run the tests, then put the cursor into one that fails or ' +
      'into a function on its traceback.',
    runTests,
  );
  if (answer === runTests) {
    await vscode.commands.executeCommand(`${SECTION}.runWorkspaceTests`);
  }
}

/** What the server offers at the cursor, of one kind; undefined where it offers none. */
async function offered(server: ServerLife, kind: string): Promise<OfferedAction | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.document.uri.scheme !== 'file') {
    throw new Error('open a file that is on disk first; this works where the cursor is');
  }
  const actions = await server.actions(editor.document, editor.selection);
  return actions.find((action) => action.command?.arguments?.[0]?.action === kind);
}

async function carryOut(server: ServerLife, action: OfferedAction): Promise<void> {
  if (action.command !== undefined) {
    await server.command(action.command.command, ...(action.command.arguments ?? []));
  }
}

async function switchCompletion(server: ServerLife): Promise<void> {
  const now = await server.command<Completion>('ducktypist.toggleCompletion');
  const except =
    now.enabled && now.disabled_languages.length > 0
      ? ` except in ${now.disabled_languages.join(', ')}`
      : '';
  const words = `Ducktypist: ghost text is ${now.enabled ? 'on' : 'off'} in this window${except}`;
  // A message is read aloud by a screen reader, and goes away by itself where nobody minds it.
  void vscode.window.showInformationMessage(words);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

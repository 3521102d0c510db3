/**
 * The status bar item, its menu, and the status page. News comes from the server at most four
 * times a second; the item is touched only when its words change, and nothing is done while it is
 * turned off.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import { chooseModel } from './choosing.ts';
import { type Choice, choices } from './menu.ts';
import { statusPage } from './page.ts';
import { registerCommand } from './trouble.ts';
import { itemOf } from './words.ts';

const SETTING = 'ducktypist.statusBar.enabled';
const PAGE = vscode.Uri.from({ scheme: 'ducktypist', path: '/Ducktypist status.md' });

export function register(context: vscode.ExtensionContext, connection: Connection): void {
  const bar = new StatusBar(connection);
  const page = new StatusPage(connection);
  context.subscriptions.push(
    bar,
    page,
    vscode.workspace.registerTextDocumentContentProvider(PAGE.scheme, page),
    registerCommand(connection, 'ducktypist.showMenu', () => showMenu(connection)),
    registerCommand(connection, 'ducktypist.showStatus', () => page.show()),
    registerCommand(connection, 'ducktypist.chooseModel', () => chooseModel(connection)),
  );
}

class StatusBar implements vscode.Disposable {
  readonly #connection: Connection;
  readonly #listening: vscode.Disposable[];
  #item: vscode.StatusBarItem | undefined;
  #shown = '';

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#listening = [
      connection.onDidChangeState(() => this.#update()),
      connection.onDidChangeActivity(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTING)) {
          this.#turn();
        }
      }),
    ];
    this.#turn();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#listening).dispose();
    this.#item?.dispose();
  }

  #turn(): void {
    const isWanted = vscode.workspace.getConfiguration().get<boolean>(SETTING, true);
    if (!isWanted) {
      this.#item?.dispose();
      this.#item = undefined;
    } else if (this.#item === undefined) {
      const item = vscode.window.createStatusBarItem(
        'ducktypist.status',
        vscode.StatusBarAlignment.Right,
        10,
      );
      item.name = 'Ducktypist';
      item.command = 'ducktypist.showMenu';
      this.#item = item;
      this.#shown = '';
      this.#update();
      item.show();
    }
  }

  #update(): void {
    if (this.#item === undefined) {
      return;
    }
    const { state, trouble, activity } = this.#connection;
    const words = itemOf({ connection: state, trouble, activity });
    const shown = JSON.stringify(words);
    if (shown === this.#shown) {
      return;
    }
    this.#shown = shown;
    this.#item.text = words.text;
    // Names and messages come from outside: text, neither Markdown nor links.
    const tooltip = new vscode.MarkdownString();
    words.tooltip.forEach((one, index) => {
      tooltip.appendText(one);
      if (index < words.tooltip.length - 1) {
        tooltip.appendMarkdown('\n\n');
      }
    });
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: words.label, role: 'button' };
    this.#item.backgroundColor =
      words.severity === 'none'
        ? undefined
        : new vscode.ThemeColor(`statusBarItem.${words.severity}Background`);
  }
}

async function showMenu(connection: Connection): Promise<void> {
  const { state, trouble, activity } = connection;
  const words = itemOf({ connection: state, trouble, activity });
  const found = choices({
    connection: state,
    engine: state === 'running' ? activity?.state : undefined,
    isTrusted: vscode.workspace.isTrusted,
    hasEditor: vscode.window.activeTextEditor?.document.uri.scheme === 'file',
    hasFolder: (vscode.workspace.workspaceFolders?.length ?? 0) > 0,
  });
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & Choice>([...found], {
    title: words.label,
    placeHolder: words.tooltip[0] ?? '',
  });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.command);
  }
}

/**
 * A read-only document: screen readers read it as any text, and it can be searched and copied.
 */
class StatusPage implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #connection: Connection;
  #text = '';

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  provideTextDocumentContent(): string {
    return this.#text;
  }

  async show(): Promise<void> {
    this.#text = statusPage(await this.#connection.command('ducktypist.status'));
    this.#changed.fire(PAGE);
    const document = await vscode.workspace.openTextDocument(PAGE);
    await vscode.languages.setTextDocumentLanguage(document, 'markdown');
    await vscode.window.showTextDocument(document, { preview: true });
  }
}

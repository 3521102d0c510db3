/**
 * The tree of recent suggestions. It asks the server only while it can be seen: changes that come
 * meanwhile are noted, and looked at when the view is back or the model has come to rest.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { Recent, Suggestion } from '../contract.ts';
import { messageOf } from '../status/trouble.ts';
import { lineOf, whyNoPlace } from './recent.ts';

const VIEW = 'ducktypist.recent';
const STEP = 50;
const MOST = 500;
/** Acceptances come in bursts, and the server writes its ledger behind them. */
const SETTLED_MS = 700;

type Node = Suggestion | 'more';

export class RecentTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #connection: Connection;
  readonly #view: vscode.TreeView<Node>;
  readonly #listening: vscode.Disposable[];
  #limit = STEP;
  #isStale = false;
  #wasBusy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#view = vscode.window.createTreeView<Node>(VIEW, { treeDataProvider: this });
    this.#listening = [
      this.#view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.#isStale) {
          this.refresh();
        }
      }),
      connection.onDidChangeLedger(() => this.#note()),
      connection.onDidChangeState(() => this.#note()),
      connection.onDidChangeActivity(({ state }) => {
        const isBusy = state === 'reading' || state === 'writing';
        if (this.#wasBusy && !isBusy) {
          this.#note();
        }
        this.#wasBusy = isBusy;
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#listening, this.#view, this.#changed).dispose();
  }

  refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isStale = false;
    this.#changed.fire();
  }

  showMore(): void {
    this.#limit = Math.min(MOST, this.#limit + STEP);
    this.refresh();
  }

  async getChildren(parent?: Node): Promise<Node[]> {
    if (parent !== undefined) {
      return [];
    }
    const { state, trouble } = this.#connection;
    if (state === 'absent' || state === 'stopped') {
      this.#say(trouble ?? 'The server is not running. "Ducktypist: Restart the Server" starts it.');
      return [];
    }
    if (state === 'starting') {
      this.#say('The server is being started.');
      return [];
    }
    try {
      const { suggestions } = await this.#connection.command<Recent>('ducktypist.recent', {
        limit: this.#limit,
      });
      this.#say(suggestions.length === 0 ? 'No suggestions yet.' : undefined);
      const hasMore = suggestions.length >= this.#limit && this.#limit < MOST;
      return hasMore ? [...suggestions, 'more'] : [...suggestions];
    } catch (error) {
      this.#say(`The ledger could not be read: ${messageOf(error)}`);
      return [];
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node === 'more') {
      const item = new vscode.TreeItem('Show more');
      item.iconPath = new vscode.ThemeIcon('ellipsis');
      item.command = { command: 'ducktypist.showMoreRecent', title: 'Show More' };
      return item;
    }
    const uri = node.uri === null ? undefined : vscode.Uri.parse(node.uri);
    const name = uri === undefined ? undefined : vscode.workspace.asRelativePath(uri);
    const line = lineOf(node, name, new Date());
    const item = new vscode.TreeItem(line.label);
    item.id = node.suggestion_id;
    item.description = line.description;
    item.iconPath = new vscode.ThemeIcon(
      line.icon,
      line.colour === undefined ? undefined : new vscode.ThemeColor(line.colour),
    );
    item.accessibilityInformation = { label: line.spoken };
    // Reasons and names come from outside: text, neither Markdown nor links.
    const tooltip = new vscode.MarkdownString();
    for (const paragraph of line.tooltip) {
      tooltip.appendText(paragraph).appendMarkdown('\n\n');
    }
    item.tooltip = tooltip;
    item.command = {
      command: 'ducktypist.openSuggestion',
      title: 'Go to the Place',
      arguments: [node],
    };
    return item;
  }

  #note(): void {
    this.#isStale = true;
    if (this.#view.visible) {
      this.#timer ??= setTimeout(() => this.refresh(), SETTLED_MS);
    }
  }

  #say(message: string | undefined): void {
    // The declared type lacks undefined, which takes the message away.
    this.#view.message = message as string;
  }
}

/** Go where a suggestion was made, or say why that cannot be. */
export async function openSuggestion(suggestion: Suggestion): Promise<void> {
  const why = whyNoPlace(suggestion);
  if (suggestion.uri === null || why !== undefined) {
    void vscode.window.showInformationMessage(`Ducktypist: ${why}`);
    return;
  }
  const uri = vscode.Uri.parse(suggestion.uri);
  const editor = await vscode.window.showTextDocument(uri);
  if (suggestion.line === null) {
    void vscode.window.setStatusBarMessage('Ducktypist: the line is no longer known', 5000);
    return;
  }
  const line = editor.document.lineAt(Math.min(suggestion.line, editor.document.lineCount - 1));
  const at = line.range.start.translate(0, line.firstNonWhitespaceCharacterIndex);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

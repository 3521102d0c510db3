/**
 * The panel beside the editor: it asks, shows what comes, and cancels when it is closed or asked
 * anew. While another tab hides it, the explanation goes on and nothing is drawn; the page is told
 * all when it is back.
 *
 * Nothing is restored after a reload of the window: the code may be another by then, and asking
 * again costs little, as the server keeps what it said of code that is unchanged.
 */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { ExplainParams, Range } from '../contract.ts';
import { messageOf } from '../status/trouble.ts';
import { page } from './page.ts';
import { type Message, Telling } from './telling.ts';

export const VIEW_TYPE = 'ducktypist.explanation';

/** What was asked, to be asked again. */
export interface Question {
  readonly uri: vscode.Uri;
  readonly params: ExplainParams;
  /** What is asked about; null for the whole file. */
  readonly range: Range | null;
}

interface Running {
  readonly telling: Telling;
  readonly question: Question;
  readonly source: vscode.CancellationTokenSource;
}

export class ExplainPanel implements vscode.Disposable {
  readonly #connection: Connection;
  #panel: vscode.WebviewPanel | undefined;
  #running: Running | undefined;
  #isReady = false;
  #nTellings = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  dispose(): void {
    this.#panel?.dispose();
  }

  /** The newest question, as long as the panel is open. */
  get question(): Question | undefined {
    return this.#running?.question;
  }

  /** Ask, and show what comes; ends when all is shown, cancelled or failed. */
  async ask(question: Question): Promise<void> {
    this.#running?.source.cancel();
    const name = vscode.workspace.asRelativePath(question.uri);
    this.#nTellings += 1;
    const running: Running = {
      telling: new Telling(this.#nTellings, name, question.range),
      question,
      source: new vscode.CancellationTokenSource(),
    };
    this.#running = running;
    this.#open(name);
    this.#post(running, running.telling.all);
    const { telling, source } = running;
    try {
      const result = await this.#connection.explain(
        question.params,
        (passage) => {
          if (!source.token.isCancellationRequested) {
            this.#post(running, telling.add(passage));
          }
        },
        source.token,
      );
      const isStopped = source.token.isCancellationRequested;
      this.#post(running, isStopped ? telling.cancelled() : telling.done(result));
    } catch (error) {
      const isStopped = source.token.isCancellationRequested;
      this.#post(running, isStopped ? telling.cancelled() : telling.failed(messageOf(error)));
    } finally {
      source.dispose();
    }
  }

  #open(name: string): void {
    const title = `Explain: ${name.split('/').at(-1) ?? name}`;
    if (this.#panel !== undefined) {
      this.#panel.title = title;
      this.#panel.reveal(undefined, true);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      title,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [], enableFindWidget: true },
    );
    this.#panel = panel;
    this.#isReady = false;
    panel.onDidDispose(() => {
      this.#running?.source.cancel();
      this.#running = undefined;
      this.#panel = undefined;
    });
    panel.onDidChangeViewState(() => {
      if (!panel.visible) {
        // A page that is hidden is thrown away; when it is back it says that it is ready.
        this.#isReady = false;
      }
    });
    panel.webview.onDidReceiveMessage((message: unknown) => this.#received(message));
    panel.webview.html = page(randomBytes(18).toString('base64url'));
  }

  #post(running: Running, message: Message): void {
    if (this.#running === running && this.#isReady) {
      void this.#panel?.webview.postMessage(message);
    }
  }

  #received(message: unknown): void {
    const { type, index } = (message ?? {}) as { type?: unknown; index?: unknown };
    const running = this.#running;
    if (running === undefined) {
      return;
    }
    if (type === 'ready') {
      this.#isReady = true;
      this.#post(running, running.telling.all);
    } else if (type === 'stop') {
      running.source.cancel();
    } else if (type === 'again') {
      void vscode.commands.executeCommand('ducktypist.explainAgain');
    } else if (type === 'reveal') {
      const range = running.telling.rangeOf(index);
      if (range !== undefined) {
        void reveal(running.question.uri, range);
      }
    }
  }
}

/** Show the place in an editor that is there, else in the first column. */
async function reveal(uri: vscode.Uri, { start, end }: Range): Promise<void> {
  const open = vscode.window.visibleTextEditors.find(
    (one) => one.document.uri.toString() === uri.toString(),
  );
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  try {
    await vscode.window.showTextDocument(uri, {
      viewColumn: open?.viewColumn ?? vscode.ViewColumn.One,
      selection,
    });
  } catch (error) {
    void vscode.window.showErrorMessage(
      `Ducktypist: ${vscode.workspace.asRelativePath(uri)} cannot be opened: ${messageOf(error)}`,
    );
  }
}

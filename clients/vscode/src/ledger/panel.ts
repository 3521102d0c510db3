/**
 * The report in a webview without script. The server writes it as a file, which takes a second or
 * two; it is drawn anew when the person asks, not by itself.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { Report } from '../contract.ts';
import { secured } from './page.ts';

export const VIEW_TYPE = 'ducktypist.ledger';

export class LedgerPanel implements vscode.Disposable {
  readonly #connection: Connection;
  #panel: vscode.WebviewPanel | undefined;
  #drawing: Promise<void> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  dispose(): void {
    this.#panel?.dispose();
  }

  /** Draw the report and show it; one that is being drawn is waited for. */
  show(): Promise<void> {
    this.#drawing ??= this.#show().finally(() => {
      this.#drawing = undefined;
    });
    return this.#drawing;
  }

  async #show(): Promise<void> {
    // The server shows its progress itself.
    const report = await this.#connection.command<Report>('ducktypist.report', {});
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.file(report.path));
    const html = secured(new TextDecoder().decode(bytes));
    const panel = this.#panel ?? this.#opened();
    panel.webview.html = html;
    panel.reveal();
  }

  #opened(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      'Ducktypist: Ledger',
      vscode.ViewColumn.Active,
      { enableScripts: false, enableForms: false, localResourceRoots: [], enableFindWidget: true },
    );
    panel.onDidDispose(() => {
      this.#panel = undefined;
    });
    this.#panel = panel;
    return panel;
  }
}

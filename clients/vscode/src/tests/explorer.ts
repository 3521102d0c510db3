/**
 * The controller's life: which files it looks at and when. A file is looked into when it is opened
 * in the explorer, shown in an editor or saved; on the typing path nothing is done.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { KnownTests, TestRun } from '../contract.ts';
import { messageOf, showTrouble } from '../status/trouble.ts';
import { TestItems } from './items.ts';
import { isTestFile, NOT_TESTS, TEST_FILES } from './naming.ts';
import { run } from './running.ts';
import { redIn, Standings } from './standing.ts';
import { isTrusted } from './trusted.ts';

const MAX_FILES = 2000;
const SETTLED_MS = 700;

export class Explorer implements vscode.Disposable {
  readonly #connection: Connection;
  readonly #controller: vscode.TestController;
  readonly #items: TestItems;
  readonly #standings: Standings;
  /** By file's URI, which of its tests the diagnostics said to be red when it was last looked at. */
  readonly #red = new Map<string, string>();
  readonly #listening: vscode.Disposable[];
  #nRuns = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#controller = vscode.tests.createTestController('ducktypist', 'Ducktypist');
    this.#items = new TestItems(this.#controller);
    this.#standings = new Standings(this.#controller);
    this.#controller.resolveHandler = (item) =>
      item === undefined ? this.#discover() : this.#look(item);
    this.#controller.refreshHandler = () => this.#refresh();
    const profile = this.#controller.createRunProfile(
      'Run in the sandbox',
      vscode.TestRunProfileKind.Run,
      (request, token) => this.#run(request, token),
      true,
    );
    this.#listening = [
      profile,
      vscode.window.onDidChangeVisibleTextEditors(() => this.#lookAtVisible()),
      vscode.workspace.onDidSaveTextDocument((document) => this.#lookAt(document)),
      // Red and green as the server knows them, whoever ran the tests.
      vscode.languages.onDidChangeDiagnostics(({ uris }) => uris.forEach((uri) => this.#compare(uri))),
      connection.onDidChangeLedger(() => this.#lookSoon()),
      vscode.workspace.onDidDeleteFiles(({ files }) => files.forEach((uri) => this.#items.forget(uri))),
      connection.onDidChangeState((state) => {
        if (state === 'running') {
          this.#lookAtVisible();
        }
      }),
    ];
    this.#lookAtVisible();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    vscode.Disposable.from(...this.#listening, this.#controller).dispose();
  }

  /** Run everything there is; rejects where it could not be done. */
  async runAll(): Promise<TestRun> {
    const source = new vscode.CancellationTokenSource();
    try {
      return await this.#ran(new vscode.TestRunRequest(), source.token);
    } finally {
      source.dispose();
    }
  }

  async #run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    try {
      if (await isTrusted()) {
        await this.#ran(request, token);
      }
    } catch (error) {
      showTrouble(error);
    }
  }

  async #ran(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<TestRun> {
    this.#nRuns += 1;
    try {
      return await run(request, {
        controller: this.#controller,
        items: this.#items,
        standings: this.#standings,
        connection: this.#connection,
        token,
      });
    } finally {
      this.#nRuns -= 1;
    }
  }

  /** The explorer was opened: files by their names, and nothing is read of them yet. */
  async #discover(): Promise<void> {
    for (const uri of await vscode.workspace.findFiles(TEST_FILES, NOT_TESTS, MAX_FILES)) {
      this.#items.file(uri);
    }
  }

  async #refresh(): Promise<void> {
    const known = this.#items.files;
    this.#items.clear();
    await this.#discover();
    const uris = new Set(known.filter((file) => file.children.size > 0).map((file) => file.id));
    await Promise.all(this.#items.files.filter((file) => uris.has(file.id)).map((file) => this.#look(file)));
  }

  #lookAtVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors) {
      this.#lookAt(document);
    }
  }

  #lookAt(document: vscode.TextDocument): void {
    // Looking is not worth starting a server for.
    if (
      this.#connection.state === 'running' &&
      document.uri.scheme === 'file' &&
      isTestFile(document.uri.path) &&
      vscode.workspace.getWorkspaceFolder(document.uri) !== undefined
    ) {
      void this.#look(this.#items.file(document.uri));
    }
  }

  #lookSoon(): void {
    // Words of ghost text are accepted one by one, and each changes the ledger.
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#lookAtVisible();
    }, SETTLED_MS);
  }

  #compare(uri: vscode.Uri): void {
    const key = uri.toString();
    const file = this.#controller.items.get(key);
    if (
      file !== undefined &&
      // A run of our own tells itself what came of it.
      this.#nRuns === 0 &&
      this.#connection.state === 'running' &&
      (this.#red.get(key) ?? '') !== redIn(uri)
    ) {
      void this.#look(file);
    }
  }

  /** Ask the server what is in a file; what goes wrong is said at the file. */
  async #look(file: vscode.TestItem): Promise<void> {
    if (file.parent !== undefined || file.uri === undefined) {
      return;
    }
    file.busy = true;
    this.#red.set(file.id, redIn(file.uri));
    try {
      const known = await this.#connection.command<KnownTests>('ducktypist.tests', {
        uri: file.uri.toString(),
      });
      this.#standings.show(this.#items.fill(file, known.tests));
      file.error = undefined;
    } catch (error) {
      file.error = messageOf(error);
    } finally {
      file.busy = false;
    }
  }
}

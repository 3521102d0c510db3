/**
 * How the server knows tests to stand, shown at their items: from runs that were made outside of
 * the explorer, by a code lens, a fix that was verified, pytest in a terminal. Without it a test
 * would stay red here that was mended there.
 */

import * as vscode from 'vscode';
import type { TestState } from '../contract.ts';

type Settled = Exclude<TestState, 'unknown'>;

export class Standings {
  readonly #controller: vscode.TestController;
  readonly #shown = new WeakMap<vscode.TestItem, Settled>();

  constructor(controller: vscode.TestController) {
    this.#controller = controller;
  }

  /** Note what a run of the explorer's own showed. */
  note(item: vscode.TestItem, state: TestState): void {
    if (state === 'unknown') {
      this.#shown.delete(item);
    } else {
      this.#shown.set(item, state);
    }
  }

  /** Show how tests stand where that is not what is shown. */
  show(states: ReadonlyMap<vscode.TestItem, TestState>): void {
    const news: [vscode.TestItem, Settled][] = [];
    for (const [item, state] of states) {
      const shown = this.#shown.get(item);
      if (state === shown) {
        continue;
      }
      if (state !== 'unknown') {
        news.push([item, state]);
      } else if (shown !== undefined) {
        // It was edited since, so that nothing is known of it any more.
        this.#controller.invalidateTestResults(item);
      }
      this.note(item, state);
    }
    if (news.length > 0) {
      this.#tell(news);
    }
  }

  #tell(news: readonly (readonly [vscode.TestItem, Settled])[]): void {
    const request = new vscode.TestRunRequest(news.map(([item]) => item));
    const run = this.#controller.createTestRun(request, 'Known from other runs', false);
    for (const [item, state] of news) {
      if (state === 'passed') {
        run.passed(item);
      } else {
        run.failed(item, messageOf(item));
      }
    }
    run.end();
  }
}

/** What the server's diagnostic of a test says. */
function messageOf(item: vscode.TestItem): vscode.TestMessage {
  const found = (item.uri === undefined ? [] : vscode.languages.getDiagnostics(item.uri)).find(
    (one) => one.source === 'ducktypist' && codeOf(one).startsWith(item.id),
  );
  const message = new vscode.TestMessage(found?.message ?? 'red in an earlier run; run it to see why');
  if (item.uri !== undefined) {
    message.location = new vscode.Location(
      item.uri,
      found?.range ?? item.range ?? new vscode.Position(0, 0),
    );
  }
  return message;
}

/** Return the node ids of the tests that are red in a file, as the server's diagnostics have them. */
export function redIn(uri: vscode.Uri): string {
  return vscode.languages
    .getDiagnostics(uri)
    .filter((one) => one.source === 'ducktypist')
    .map(codeOf)
    .sort()
    .join('\n');
}

function codeOf({ code }: vscode.Diagnostic): string {
  return String(typeof code === 'object' ? code.value : (code ?? ''));
}

/**
 * One run of the Test Explorer: what was chosen becomes questions to the server, its answers become
 * outcomes. Nothing is run here: the server does, in its sandbox, and only in trusted folders.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { TestOutcome, TestRun } from '../contract.ts';
import { messageOf } from '../status/trouble.ts';
import { commandUntil } from './asking.ts';
import { subtree, type TestItems } from './items.ts';
import { stateOf, toldOf, together, whyRed } from './outcomes.ts';
import type { Standings } from './standing.ts';

/** What the server is asked for, in one go. */
interface Asked {
  /** A file's or a folder's. */
  readonly uri: vscode.Uri;
  readonly nodeid?: string;
  /** What is shown as running meanwhile. */
  readonly items: readonly vscode.TestItem[];
}

/** With what a run is made. */
export interface Means {
  readonly controller: vscode.TestController;
  readonly items: TestItems;
  readonly standings: Standings;
  readonly connection: Connection;
  readonly token: vscode.CancellationToken;
}

/** Run what was chosen, and return what came of it; ends the run whatever happens. */
export async function run(request: vscode.TestRunRequest, means: Means): Promise<TestRun> {
  const { controller, items, token } = means;
  const shown = controller.createTestRun(request);
  const either = new vscode.CancellationTokenSource();
  const stops = [token, shown.token].map((one) => one.onCancellationRequested(() => either.cancel()));
  const runs: TestRun[] = [];
  try {
    for (const asked of questions(request, items)) {
      if (either.token.isCancellationRequested) {
        break;
      }
      runs.push(await one(asked, shown, { ...means, token: either.token }));
    }
    return together(runs);
  } finally {
    vscode.Disposable.from(...stops, either).dispose();
    shown.end();
  }
}

async function one(asked: Asked, shown: vscode.TestRun, means: Means): Promise<TestRun> {
  const { items, standings, connection, token } = means;
  const waiting = new Set(asked.items);
  for (const item of waiting) {
    shown.started(item);
  }
  try {
    const result = await commandUntil<TestRun>(connection, token, 'ducktypist.runTests', {
      uri: asked.uri.toString(),
      ...(asked.nodeid === undefined ? {} : { nodeid: asked.nodeid }),
    });
    const folder = vscode.workspace.getWorkspaceFolder(asked.uri)?.uri ?? asked.uri;
    for (const test of result.tests) {
      const item = items.of(test.nodeid, folder);
      tell(shown, item, test);
      standings.note(item, stateOf(test.outcome));
      waiting.delete(item);
    }
    for (const problem of result.problems ?? []) {
      print(shown, problem);
    }
    return result;
  } catch (error) {
    if (token.isCancellationRequested) {
      print(shown, 'Cancelled.');
      throw new vscode.CancellationError();
    }
    print(shown, messageOf(error));
    for (const item of asked.items.filter((each) => each.children.size === 0)) {
      shown.errored(item, new vscode.TestMessage(messageOf(error)));
    }
    throw error;
  } finally {
    // What was shown as running and of which nothing was said: cancelled, or only a group.
    for (const item of waiting) {
      if (item.children.size === 0) {
        shown.skipped(item);
      }
    }
  }
}

function tell(shown: vscode.TestRun, item: vscode.TestItem, test: TestOutcome): void {
  const duration = test.duration_ms ?? undefined;
  const told = toldOf(test.outcome);
  print(shown, `${test.outcome}: ${test.nodeid}`);
  if (told === 'passed') {
    shown.passed(item, duration);
  } else if (told === 'skipped') {
    shown.skipped(item);
  } else {
    const message = new vscode.TestMessage(whyRed(test));
    const at = placeOf(item, test);
    if (at !== undefined) {
      message.location = at;
    }
    shown[told](item, message, duration);
  }
}

function placeOf(item: vscode.TestItem, test: TestOutcome): vscode.Location | undefined {
  if (test.uri !== undefined && test.line !== undefined) {
    return new vscode.Location(vscode.Uri.parse(test.uri), new vscode.Position(test.line, 0));
  }
  return item.uri === undefined
    ? undefined
    : new vscode.Location(item.uri, item.range ?? new vscode.Position(0, 0));
}

function print(shown: vscode.TestRun, text: string): void {
  shown.appendOutput(`${text.replace(/\r?\n/g, '\r\n')}\r\n`);
}

/** All that was chosen, or one question for each folder where nothing was. */
function questions(request: vscode.TestRunRequest, items: TestItems): readonly Asked[] {
  const excluded = new Set(request.exclude ?? []);
  if (request.include === undefined && excluded.size === 0) {
    return (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => ({
      uri,
      items: items.files
        .filter((file) => file.uri !== undefined && isOf(file.uri, uri))
        .flatMap(subtree),
    }));
  }
  const chosen = (request.include ?? items.files).flatMap((item) => without(item, excluded));
  return chosen.flatMap((item) =>
    item.uri === undefined
      ? []
      : [
          {
            uri: item.uri,
            items: subtree(item),
            ...(item.parent === undefined ? {} : { nodeid: item.id }),
          },
        ],
  );
}

function isOf(uri: vscode.Uri, folder: vscode.Uri): boolean {
  return vscode.workspace.getWorkspaceFolder(uri)?.uri.toString() === folder.toString();
}

/** Return an item, or its parts where some of them are excluded. */
function without(item: vscode.TestItem, excluded: ReadonlySet<vscode.TestItem>): vscode.TestItem[] {
  if (excluded.has(item)) {
    return [];
  }
  if (excluded.size === 0 || !subtree(item).some((one) => excluded.has(one))) {
    return [item];
  }
  const parts: vscode.TestItem[] = [];
  item.children.forEach((child) => parts.push(...without(child, excluded)));
  return parts;
}

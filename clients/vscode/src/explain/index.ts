/**
 * The commands that explain: this, this file, again. What is asked about is decided here; asking
 * and showing is the panel's business.
 */

import * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import type { Range } from '../contract.ts';
import { registerCommand } from '../status/trouble.ts';
import { ExplainPanel, type Question } from './panel.ts';

export function register(context: vscode.ExtensionContext, connection: Connection): void {
  const panel = new ExplainPanel(connection);
  context.subscriptions.push(
    panel,
    registerCommand(connection, 'ducktypist.explainHere', () => panel.ask(here(editor()))),
    registerCommand(connection, 'ducktypist.explainFile', () => panel.ask(wholeFile(editor()))),
    registerCommand(connection, 'ducktypist.explainAgain', () => panel.ask(again(panel.question))),
  );
}

function editor(): vscode.TextEditor {
  const found = vscode.window.activeTextEditor;
  if (found === undefined) {
    throw new Error('open a file and put the cursor at what is to be explained');
  }
  if (found.document.uri.scheme !== 'file') {
    throw new Error('only files on this machine are explained; save this one first');
  }
  return found;
}

function here({ document, selection }: vscode.TextEditor): Question {
  const range = rangeOf(selection);
  const textDocument = { uri: document.uri.toString() };
  return {
    uri: document.uri,
    range,
    params: selection.isEmpty
      ? { textDocument, position: rangeOf(selection).start }
      : { textDocument, range },
  };
}

function wholeFile({ document }: vscode.TextEditor): Question {
  const range = rangeOf(new vscode.Range(0, 0, document.lineCount, 0));
  return {
    uri: document.uri,
    range: null,
    params: { textDocument: { uri: document.uri.toString() }, range },
  };
}

/** The same question with nothing kept, or a first one where nothing was asked yet. */
function again(before: Question | undefined): Question {
  const question = before ?? here(editor());
  return { ...question, params: { ...question.params, fresh: true } };
}

function rangeOf({ start, end }: vscode.Range): Range {
  return {
    start: { line: start.line, character: start.character },
    end: { line: end.line, character: end.character },
  };
}

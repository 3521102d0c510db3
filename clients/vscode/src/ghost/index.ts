/**
 * Tells the server which words or lines of a ghost text were taken. On the typing path: an edit of
 * a document that shows none costs one look-up. How it is known is `partial.ts`'s business.
 */

import * as vscode from 'vscode';
import type { Connection, ShownGhost } from '../connection.ts';
import { ShownGhosts } from './partial.ts';

export function register(context: vscode.ExtensionContext, connection: Connection): void {
  const ghosts = new ShownGhosts();
  context.subscriptions.push(
    connection.onDidShowGhost((shown) => show(ghosts, shown)),
    connection.onDidChangeState((state) => {
      if (state !== 'running') {
        ghosts.clear();
      }
    }),
    vscode.workspace.onDidChangeTextDocument((event) => {
      const key = event.document.uri.toString();
      if (!ghosts.has(key) || event.contentChanges.length === 0) {
        return;
      }
      if (event.reason !== undefined) {
        // What is undone or done again was counted when it was done first.
        ghosts.forget(key);
        return;
      }
      const part = ghosts.edited(key, event.contentChanges);
      if (part !== undefined && connection.state === 'running') {
        // It is a figure of the ledger's; that it is lost is nothing to interrupt typing for.
        connection
          .command('ducktypist.accepted', part.suggestionId, { accepted_length: part.length })
          .catch(() => undefined);
      }
    }),
    vscode.workspace.onDidCloseTextDocument((document) => ghosts.forget(document.uri.toString())),
  );
}

function show(ghosts: ShownGhosts, shown: readonly ShownGhost[]): void {
  const uri = shown[0]?.uri;
  if (uri === undefined) {
    return;
  }
  const key = vscode.Uri.parse(uri).toString();
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === key);
  if (document === undefined) {
    return;
  }
  ghosts.show(
    key,
    shown.map(({ suggestionId, range, text }) => ({
      suggestionId,
      offset: document.offsetAt(range.start),
      replaced: document.getText(range),
      text,
    })),
  );
}

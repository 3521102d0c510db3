/** The ledger in the editor: the report as a page, and recent suggestions as a tree. */

import type * as vscode from 'vscode';
import type { Connection } from '../connection.ts';
import { registerCommand } from '../status/trouble.ts';
import { LedgerPanel } from './panel.ts';
import { openSuggestion, RecentTree } from './tree.ts';

export function register(context: vscode.ExtensionContext, connection: Connection): void {
  const panel = new LedgerPanel(connection);
  const tree = new RecentTree(connection);
  context.subscriptions.push(
    panel,
    tree,
    registerCommand(connection, 'ducktypist.showLedger', () => panel.show()),
    registerCommand(connection, 'ducktypist.refreshRecent', () => tree.refresh()),
    registerCommand(connection, 'ducktypist.showMoreRecent', () => tree.showMore()),
    registerCommand(connection, 'ducktypist.openSuggestion', openSuggestion),
  );
}

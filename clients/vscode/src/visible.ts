/**
 * Tells the server which lines are on the screen, so that it explains those ahead.
 *
 * Sent once scrolling has come to rest, never while somebody types: the work on a keystroke stays
 * what VS Code does anyway.
 */

import * as vscode from 'vscode';
import type { ServerLife } from './server/life.ts';

const REST_MS = 400;

export function followVisible(context: vscode.ExtensionContext, server: ServerLife): void {
  const waiting = new Map<vscode.TextEditor, NodeJS.Timeout>();
  const rest = (editor: vscode.TextEditor): void => {
    clearTimeout(waiting.get(editor));
    if (editor.document.uri.scheme !== 'file') {
      return;
    }
    waiting.set(
      editor,
      setTimeout(() => {
        waiting.delete(editor);
        const [first, last] = [editor.visibleRanges.at(0), editor.visibleRanges.at(-1)];
        if (first !== undefined && last !== undefined && !editor.document.isClosed) {
          server.visible(editor.document, first.union(last));
        }
      }, REST_MS),
    );
  };
  const all = (): void => vscode.window.visibleTextEditors.forEach(rest);
  context.subscriptions.push(
    vscode.window.onDidChangeTextEditorVisibleRanges((event) => rest(event.textEditor)),
    vscode.window.onDidChangeVisibleTextEditors(all),
    // One that starts later has seen nothing of this.
    server.onDidChangeState((state) => state === 'running' && all()),
    { dispose: () => waiting.forEach((timer) => clearTimeout(timer)) },
  );
}

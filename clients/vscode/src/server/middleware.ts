/** What is looked at, or held back, on its way between VS Code and the server. */

import * as vscode from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';
import type { ShownGhost } from '../connection.ts';
import { SECTION } from '../settings.ts';
import type { Happenings } from './running.ts';

/** After these, the ledger's counts may differ. */
const COUNTING = new Set(
  ['accepted', 'dismissed', 'applyAction', 'runTests'].map((name) => `${SECTION}.${name}`),
);

export function middlewareFor(happened: Happenings): Middleware {
  return {
    provideInlineCompletionItems: async (document, position, context, token, next) => {
      const answer = await next(document, position, context, token);
      const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
      const shown = items.flatMap((item) => ghostOf(document, position, item));
      if (shown.length > 0 && !token.isCancellationRequested) {
        happened.ghosts(shown);
      }
      return answer;
    },
    executeCommand: async (command, args, next) => {
      const answer: unknown = await next(command, args);
      if (COUNTING.has(command)) {
        happened.ledger();
      }
      return answer;
    },
    workspace: {
      // The initialization options said it, and every change is told when it is made. What VS Code
      // would answer holds defaults and settings of the extension, which the server must not get.
      configuration: (params, token, next) =>
        params.items.every((item) => item.section?.split('.')[0] === SECTION)
          ? params.items.map(() => null)
          : next(params, token),
    },
  };
}

/** Whether a command changes what the ledger counts. */
export function isCounting(command: string): boolean {
  return COUNTING.has(command);
}

function ghostOf(
  document: vscode.TextDocument,
  position: vscode.Position,
  item: vscode.InlineCompletionItem,
): ShownGhost[] {
  const suggestionId: unknown = item.command?.arguments?.[0];
  if (typeof suggestionId !== 'string') {
    return [];
  }
  const text = typeof item.insertText === 'string' ? item.insertText : item.insertText.value;
  const range = item.range ?? new vscode.Range(position, position);
  return [{ uri: document.uri.toString(), range, text, suggestionId }];
}

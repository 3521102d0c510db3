/**
 * What the extension's parts know of the server: questions and news, and nothing of how it was
 * found, started or restarted (that is `server/`).
 */

import type * as vscode from 'vscode';
import type { Activity, ExplainParams, Explanation, Passage } from './contract.ts';

/** `absent`: there is no server to be started, and `trouble` says what to do. */
export type ConnectionState = 'starting' | 'running' | 'stopped' | 'absent';

/** A ghost text that the server gave to the editor. */
export interface ShownGhost {
  readonly uri: string;
  /** Where it begins, and what it stands in for (empty for an insertion). */
  readonly range: vscode.Range;
  readonly text: string;
  readonly suggestionId: string;
}

export interface Connection {
  readonly state: ConnectionState;
  /** What to do, in words, while the state is `absent`. */
  readonly trouble: string | undefined;
  readonly onDidChangeState: vscode.Event<ConnectionState>;
  /** The newest news of the model; undefined before the first. */
  readonly activity: Activity | undefined;
  readonly onDidChangeActivity: vscode.Event<Activity>;
  /** Each list of ghost texts that the server answered with, as it is handed to the editor. */
  readonly onDidShowGhost: vscode.Event<readonly ShownGhost[]>;
  /** A code action, fix or body of the server's was applied, or a test run ended: counts may differ. */
  readonly onDidChangeLedger: vscode.Event<void>;

  /**
   * Run one of the server's commands (`workspace/executeCommand`), started first if need be.
   *
   * Rejects with an `Error` whose message is fit to be shown.
   */
  command<T>(name: string, ...args: readonly unknown[]): Promise<T>;

  /** The same; a cancelled `token` ends the work there. */
  commandUntil<T>(
    token: vscode.CancellationToken,
    name: string,
    ...args: readonly unknown[]
  ): Promise<T>;

  /** Ask for an explanation (`ducktypist/explain`); passages come as they are written. */
  explain(
    params: ExplainParams,
    onPassage: (passage: Passage) => void,
    token: vscode.CancellationToken,
  ): Promise<Explanation | null>;

  /** Stop the server if it runs, look for it anew and start it. */
  restart(): Promise<void>;
}

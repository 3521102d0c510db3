/** What `life.ts` and `client.ts` know of each other: types, and the edge between the two bundles. */

import type * as vscode from 'vscode';
import type { ShownGhost } from '../connection.ts';
import type { Activity, ExplainParams, Explanation, Passage } from '../contract.ts';
import type { Settings } from '../settings.ts';
import type { Launch } from './search.ts';

export interface ClientOptions {
  readonly launch: Launch;
  /** Where the server's process stands: a folder of the extension's own. */
  readonly folder: string;
  readonly log: vscode.LogOutputChannel;
  readonly settings: () => Settings;
  readonly happened: Happenings;
}

/** What the server's side tells. */
export interface Happenings {
  activity(news: Activity): void;
  ghosts(shown: readonly ShownGhost[]): void;
  /** A suggestion was taken or refused, or tests were run. */
  ledger(): void;
  /** It is being started again after it ended by itself. */
  restarting(): void;
  running(): void;
  /** It ended by itself too often, or could not be reached; it is not started again. */
  gone(): void;
}

/** A code action of the server's, as far as the extension looks at it. */
export interface OfferedAction {
  readonly title: string;
  /** What carries it out. */
  readonly command?: {
    readonly command: string;
    readonly arguments?: readonly { readonly action?: string }[];
  };
}

export interface RunningServer {
  /** What it says of itself; undefined where it does not. */
  readonly version: string | undefined;
  command(
    name: string,
    args: readonly unknown[],
    token?: vscode.CancellationToken,
  ): Promise<unknown>;
  explain(
    params: ExplainParams,
    onPassage: (passage: Passage) => void,
    token: vscode.CancellationToken,
  ): Promise<Explanation | null>;
  actions(document: vscode.TextDocument, range: vscode.Range): Promise<readonly OfferedAction[]>;
  /** Say how the settings are now. */
  reconfigure(settings: Settings): void;
  /** Say that the workspace is trusted by now. */
  trusted(): void;
  /** Say which lines of a document are on the screen. */
  visible(document: vscode.TextDocument, lines: vscode.Range): void;
  stop(): Promise<void>;
}

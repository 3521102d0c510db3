/**
 * The server's life: found, started, stopped, started again. Implements `Connection`.
 *
 * What is shown when it cannot be started is `missing.ts`'s business; what is spoken with it,
 * `client.ts`'s.
 */

import * as vscode from 'vscode';
import type { Connection, ConnectionState, ShownGhost } from '../connection.ts';
import type { Activity, ExplainParams, Explanation, Passage } from '../contract.ts';
import { type Rules, withEmptySections } from '../settings.ts';
import { readSettings } from '../settings_vscode.ts';
import { findServer, type NotFound, notFoundInWords } from './find.ts';
import { isCounting } from './middleware.ts';
import type { OfferedAction, RunningServer } from './running.ts';
import type { Found } from './search.ts';
import { isAtLeast, LEAST_SERVER } from './versions.ts';
import { wantedHere, worldHere } from './world.ts';

const SETTLED_MS = 50;

/** What the person is told; each is shown without anybody waiting for it. */
export interface Telling {
  absent(missing: NotFound): void;
  failed(why: string): void;
  crashed(): void;
}

export class ServerLife implements Connection {
  state: ConnectionState = 'stopped';
  trouble: string | undefined;
  activity: Activity | undefined;
  private server: RunningServer | undefined;
  private turn: Promise<void> = Promise.resolve();
  private unsaid: NodeJS.Timeout | undefined;
  private readonly stateChanged = new vscode.EventEmitter<ConnectionState>();
  private readonly activityChanged = new vscode.EventEmitter<Activity>();
  private readonly ghostShown = new vscode.EventEmitter<readonly ShownGhost[]>();
  private readonly ledgerChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeState = this.stateChanged.event;
  readonly onDidChangeActivity = this.activityChanged.event;
  readonly onDidShowGhost = this.ghostShown.event;
  readonly onDidChangeLedger = this.ledgerChanged.event;
  private readonly storage: string;
  private readonly rules: Rules;
  private readonly log: vscode.LogOutputChannel;
  private readonly telling: Telling;

  constructor(storage: string, rules: Rules, log: vscode.LogOutputChannel, telling: Telling) {
    this.storage = storage;
    this.rules = rules;
    this.log = log;
    this.telling = telling;
  }

  /** Start the server unless it runs; what goes wrong is told. */
  async start(): Promise<void> {
    await this.inTurn(async () => {
      if (this.server === undefined) {
        await this.launch();
      }
    });
  }

  async restart(): Promise<void> {
    await this.inTurn(async () => {
      await this.end();
      await this.launch();
    });
  }

  async stop(): Promise<void> {
    await this.inTurn(() => this.end());
  }

  command<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    return this.executed<T>(name, args);
  }

  commandUntil<T>(
    token: vscode.CancellationToken,
    name: string,
    ...args: readonly unknown[]
  ): Promise<T> {
    return this.executed<T>(name, args, token);
  }

  private async executed<T>(
    name: string,
    args: readonly unknown[],
    token?: vscode.CancellationToken,
  ): Promise<T> {
    const server = await this.ready();
    try {
      const answer = await server.command(name, args, token);
      if (isCounting(name)) {
        this.ledgerChanged.fire();
      }
      return answer as T;
    } catch (error) {
      throw inWords(error);
    }
  }

  async explain(
    params: ExplainParams,
    onPassage: (passage: Passage) => void,
    token: vscode.CancellationToken,
  ): Promise<Explanation | null> {
    const server = await this.ready();
    try {
      return await server.explain(params, onPassage, token);
    } catch (error) {
      throw inWords(error);
    }
  }

  /** The code actions of the server alone; `command` carries one out. */
  async actions(
    document: vscode.TextDocument,
    range: vscode.Range,
  ): Promise<readonly OfferedAction[]> {
    const server = await this.ready();
    try {
      return await server.actions(document, range);
    } catch (error) {
      throw inWords(error);
    }
  }

  /**
   * Say how settings are now; a server that starts later is told when it starts.
   *
   * Several changes of one moment are said at once: each makes the server build its parts anew.
   */
  reconfigure(): void {
    this.unsaid ??= setTimeout(() => this.sayUnsaid(), SETTLED_MS);
  }

  /** Say that the person has come to trust the workspace. */
  trusted(): void {
    this.server?.trusted();
  }

  visible(document: vscode.TextDocument, lines: vscode.Range): void {
    this.server?.visible(document, lines);
  }

  dispose(): void {
    clearTimeout(this.unsaid);
    for (const emitter of [this.stateChanged, this.activityChanged, this.ghostShown]) {
      emitter.dispose();
    }
    this.ledgerChanged.dispose();
  }

  private sayUnsaid(): void {
    if (this.unsaid !== undefined) {
      clearTimeout(this.unsaid);
      this.unsaid = undefined;
      this.server?.reconfigure(withEmptySections(this.rules, readSettings(this.rules)));
    }
  }

  private async ready(): Promise<RunningServer> {
    await this.start();
    this.sayUnsaid();
    if (this.server === undefined) {
      throw new Error(this.trouble ?? 'the server is stopped; run "Ducktypist: Restart the Server"');
    }
    return this.server;
  }

  private async launch(): Promise<void> {
    this.become('starting');
    const found = await findServer(await wantedHere(this.storage), worldHere(this.storage));
    if ('tried' in found) {
      this.becomeAbsent(notFoundInWords(found));
      this.telling.absent(found);
      return;
    }
    const { program, args } = found.launch;
    this.log.info(`starting ${[program, ...args].join(' ')} (${found.version ?? 'a command of the settings'})`);
    try {
      await this.connect(found);
    } catch (error) {
      const why = inWords(error).message;
      this.becomeAbsent(`The server (${program}) could not be started: ${why}`);
      this.telling.failed(this.trouble ?? why);
    }
  }

  private async connect(found: Found): Promise<void> {
    const { connect } = await loadClient();
    const [said, wasTrusted] = [JSON.stringify(readSettings(this.rules)), vscode.workspace.isTrusted];
    const server = await connect({
      launch: found.launch,
      folder: this.storage,
      log: this.log,
      settings: () => readSettings(this.rules),
      happened: {
        activity: (news) => {
          this.activity = news;
          this.activityChanged.fire(news);
        },
        ghosts: (shown) => this.ghostShown.fire(shown),
        ledger: () => this.ledgerChanged.fire(),
        restarting: () => this.become('starting'),
        running: () => this.become('running'),
        gone: () => this.lost(),
      },
    });
    if (server.version !== undefined && !isAtLeast(server.version, LEAST_SERVER)) {
      await server.stop();
      throw new Error(`it is version ${server.version}, and ${LEAST_SERVER} or newer is needed`);
    }
    this.server = server;
    this.become('running');
    // What was said at the start may have changed while it started.
    if (!wasTrusted && vscode.workspace.isTrusted) {
      this.trusted();
    }
    if (said !== JSON.stringify(readSettings(this.rules))) {
      this.reconfigure();
    }
  }

  private lost(): void {
    if (this.server !== undefined) {
      this.server = undefined;
      this.become('stopped');
      this.telling.crashed();
    }
  }

  private async end(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    this.activity = undefined;
    await server?.stop().catch((error: unknown) => this.log.warn(`stopping: ${inWords(error).message}`));
    this.become('stopped');
  }

  private becomeAbsent(trouble: string): void {
    this.log.error(trouble);
    this.trouble = trouble;
    this.become('absent');
  }

  private become(state: ConnectionState): void {
    if (state !== 'absent') {
      this.trouble = undefined;
    }
    if (state !== this.state) {
      this.state = state;
      this.stateChanged.fire(state);
    }
  }

  /** One start or stop after the other. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

async function loadClient(): Promise<typeof import('./client.ts')> {
  // The other bundle, which lies beside this one in `dist`; see esbuild.mjs.
  return (await import('./client.cjs' as string)) as typeof import('./client.ts');
}

function inWords(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** What is shown when the server cannot be started: one message, with what can be done. */

import * as vscode from 'vscode';
import { SECTION } from '../settings.ts';
import { readServerSettings } from '../settings_vscode.ts';
import { type NotFound, notFoundInWords, tooOldIn } from './find.ts';
import { installWithProgress } from './installing.ts';
import type { ServerLife, Telling } from './life.ts';

const INSTALL = 'Install';
const UPDATE = 'Update';
const CHOOSE = 'Choose…';
const HOW = 'How';
const RESTART = 'Restart';
const SHOW_LOG = 'Show Log';
const USE_IT = 'Use the Installed One';
const WALKTHROUGH = 'ducktypist.ducktypist#start';
const CRASHED =
  'The Ducktypist server ended by itself five times within three minutes and is not started again. ' +
  'Its log says why.';

export class Missing implements Telling {
  private server: ServerLife | undefined;
  private isAsking = false;
  private readonly storage: string;
  private readonly log: vscode.LogOutputChannel;

  constructor(storage: string, log: vscode.LogOutputChannel) {
    this.storage = storage;
    this.log = log;
  }

  /** The server that is started once it is there. */
  follow(server: ServerLife): void {
    this.server = server;
  }

  absent(missing: NotFound): void {
    const isNamed = missing.tried.some((one) => ['command', 'interpreter'].includes(one.origin));
    const install = tooOldIn(missing)?.origin === 'own' ? UPDATE : INSTALL;
    // What the person named is theirs to mend; installing another would not be used.
    void this.ask(notFoundInWords(missing), isNamed ? [CHOOSE, HOW] : [install, CHOOSE, HOW]);
  }

  failed(why: string): void {
    void this.ask(why, [RESTART, SHOW_LOG]);
  }

  crashed(): void {
    void this.ask(CRASHED, [RESTART, SHOW_LOG]);
  }

  /** Install the server into this extension's own environment, and start it. */
  async install(): Promise<void> {
    if (!(await installWithProgress(this.storage, this.log))) {
      return;
    }
    const { command, interpreter } = readServerSettings();
    const named = command.length > 0 ? 'command' : interpreter !== '' ? 'interpreter' : undefined;
    if (named === undefined || (await this.cleared(named))) {
      await this.server?.restart();
    }
  }

  /** What the settings name goes first; whether the person has let go of it. */
  private async cleared(named: 'command' | 'interpreter'): Promise<boolean> {
    const answer = await vscode.window.showInformationMessage(
      `The server is installed, but the setting \`${SECTION}.server.${named}\` names another, ` +
        'which is used instead. Remove the setting to use the installed one.',
      USE_IT,
    );
    if (answer === USE_IT) {
      await vscode.workspace
        .getConfiguration(`${SECTION}.server`)
        .update(named, undefined, vscode.ConfigurationTarget.Global);
    }
    return answer === USE_IT;
  }

  private async ask(message: string, buttons: readonly string[]): Promise<void> {
    if (this.isAsking) {
      return;
    }
    this.isAsking = true;
    try {
      const answer = await vscode.window.showErrorMessage(message, ...buttons);
      await this.act(answer);
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
    } finally {
      this.isAsking = false;
    }
  }

  private async act(answer: string | undefined): Promise<void> {
    switch (answer) {
      case INSTALL:
      case UPDATE:
        return await this.install();
      case CHOOSE:
        return await this.choose();
      case HOW:
        await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH);
        return;
      case RESTART:
        return await this.server?.restart();
      case SHOW_LOG:
        this.log.show();
        return;
      default:
        return;
    }
  }

  /** Let the person point at a Python that has the server. */
  private async choose(): Promise<void> {
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: 'A Python interpreter that has ducktypist',
        openLabel: 'Choose',
        canSelectMany: false,
      })) ?? [];
    if (chosen !== undefined) {
      // The change of the setting starts it.
      await vscode.workspace
        .getConfiguration(`${SECTION}.server`)
        .update('interpreter', chosen.fsPath, vscode.ConfigurationTarget.Global);
    }
  }
}

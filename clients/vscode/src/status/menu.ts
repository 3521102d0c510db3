/**
 * What the status bar's menu offers, by how things stand: pure, so that it can be tested. Carrying
 * a choice out is `index.ts`'s business.
 */

import type { ConnectionState } from '../connection.ts';
import type { EngineState } from '../contract.ts';

export interface Standing {
  readonly connection: ConnectionState;
  readonly engine: EngineState | undefined;
  readonly isTrusted: boolean;
  readonly hasEditor: boolean;
  readonly hasFolder: boolean;
}

export interface Choice {
  /** The command that it runs. */
  readonly command: string;
  readonly label: string;
  readonly description: string;
}

/** Return what makes sense now, the likeliest first. */
export function choices(now: Standing): readonly Choice[] {
  const runs = now.connection === 'running' || now.connection === 'starting';
  const lacksModel = runs && now.engine === 'missing';
  const found: (Choice | false)[] = [
    !runs &&
      now.connection === 'absent' &&
      choice('installServer', '$(desktop-download) Install the server', 'none was found'),
    lacksModel &&
      choice('fetchModel', '$(cloud-download) Fetch the model', 'it is not on this machine'),
    runs && now.hasEditor && choice('explainHere', '$(comment) Explain this', 'at the cursor'),
    runs && now.hasEditor && choice('explainFile', '$(book) Explain this file', 'block by block'),
    runs &&
      now.hasFolder &&
      now.isTrusted &&
      choice('runWorkspaceTests', '$(beaker) Run the tests', 'in the sandbox'),
    runs && choice('showLedger', '$(graph) Show the ledger', 'what suggestions turned out to be worth'),
    runs && choice('switchCompletion', '$(text-size) Ghost text on or off', 'for this window'),
    runs && choice('chooseModel', '$(list-selection) Choose the model', ''),
    !now.isTrusted &&
      choice('manageTrust', '$(shield) Trust this workspace', 'until then nothing of it is run'),
    runs && choice('showStatus', '$(info) Show status', 'engine, sandbox, folders, ledger'),
    now.connection !== 'absent' &&
      choice('restartServer', '$(refresh) Restart the server', runs ? '' : 'it is not running'),
    choice('showLog', "$(output) Show the server's log", ''),
    now.connection === 'absent' &&
      choice('restartServer', '$(search) Look for the server again', ''),
  ];
  return found.filter((one) => one !== false);
}

function choice(name: string, label: string, description: string): Choice {
  return { command: `ducktypist.${name}`, label, description };
}

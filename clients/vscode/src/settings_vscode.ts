/** Reads the settings from VS Code; which of them the server gets is decided in `settings.ts`. */

import * as vscode from 'vscode';
import { SECTION, type Rules, type Settings, settingsSet } from './settings.ts';

/** What the person set for the server. */
export function readSettings(rules: Rules): Settings {
  // One server serves all folders of a window, so a single folder's values are those of the
  // workspace; with several folders VS Code itself does not let one of them set these.
  const configuration = vscode.workspace.getConfiguration(SECTION);
  return settingsSet(rules, (key) => configuration.inspect(key), vscode.workspace.isTrusted);
}

/** What the person set for the extension: how the server is found and installed. */
export interface ServerSettings {
  readonly command: readonly string[];
  readonly interpreter: string;
  readonly packages: readonly string[];
}

export function readServerSettings(): ServerSettings {
  const configuration = vscode.workspace.getConfiguration(`${SECTION}.server`);
  return {
    command: strings(configuration.get('command')),
    interpreter: configuration.get('interpreter', '').trim(),
    packages: strings(configuration.get('package')),
  };
}

/** A list of strings, also where somebody wrote something else into their settings file. */
function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

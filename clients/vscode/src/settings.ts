/**
 * Which settings go to the server: those that the person set, under the server's own names.
 *
 * Defaults are not sent: what nobody set is what their configuration file says. Settings of the
 * extension alone are never sent, an unknown one is an error there. No `vscode` here, see
 * `settings_vscode.ts`.
 */

export const SECTION = 'ducktypist';

/** Sections that are the extension's own business. */
export const CLIENT_ONLY: ReadonlySet<string> = new Set(['server', 'statusBar', 'trace']);

/** What VS Code knows of one setting; its default is never looked at. */
export interface Inspected {
  readonly defaultValue?: unknown;
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** Values by section and key. */
export type Settings = Record<string, Record<string, unknown>>;

export interface Rules {
  /** The server's settings, `section.key`. */
  readonly keys: readonly string[];
  /** Those of them that a folder sets only when it is trusted. */
  readonly restricted: ReadonlySet<string>;
}

/** The parts of the extension's manifest that are read here. */
export interface Manifest {
  readonly capabilities?: {
    readonly untrustedWorkspaces?: { readonly restrictedConfigurations?: readonly string[] };
  };
  readonly contributes?: {
    readonly configuration?: readonly { readonly properties?: Record<string, unknown> }[];
  };
}

/** Read from the manifest which settings the server has; it is generated from the server's. */
export function rulesOf(manifest: Manifest): Rules {
  const groups = manifest.contributes?.configuration ?? [];
  const names = groups.flatMap((group) => Object.keys(group.properties ?? {}));
  const restricted = manifest.capabilities?.untrustedWorkspaces?.restrictedConfigurations ?? [];
  return {
    keys: names.map(withoutPrefix).filter((key) => isServers(key)),
    restricted: new Set(restricted.map(withoutPrefix)),
  };
}

/**
 * The settings that the person set; the nearest to the folder wins.
 *
 * VS Code itself leaves out what an untrusted folder may not set. It is left out here again,
 * because these settings name programs.
 */
export function settingsSet(
  rules: Rules,
  inspect: (key: string) => Inspected | undefined,
  trusted: boolean,
): Settings {
  const found: Settings = {};
  for (const key of rules.keys) {
    const [section, name] = split(key);
    const known = inspect(key) ?? {};
    const isRefused = !trusted && rules.restricted.has(key);
    const value = isRefused
      ? known.globalValue
      : (known.workspaceFolderValue ?? known.workspaceValue ?? known.globalValue);
    if (value !== undefined && value !== null) {
      (found[section] ??= {})[name] = value;
    }
  }
  return found;
}

/**
 * The same settings with every section of the server's, empty ones too.
 *
 * The server lays a section over what was said before, so a section in which nothing is set any
 * more must be said to be empty.
 */
export function withEmptySections(rules: Rules, settings: Settings): Settings {
  const sections = new Set(rules.keys.map((key) => split(key)[0]));
  return Object.fromEntries([...sections].map((name) => [name, settings[name] ?? {}]));
}

function isServers(key: string): boolean {
  return key.includes('.') && !CLIENT_ONLY.has(split(key)[0]);
}

function split(key: string): [section: string, name: string] {
  const dot = key.indexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

function withoutPrefix(name: string): string {
  return name.startsWith(`${SECTION}.`) ? name.slice(SECTION.length + 1) : name;
}

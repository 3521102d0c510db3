/**
 * `ducktypist.status` as a page that a person can read and paste into a report: JSON in, Markdown
 * out. What it knows it says in words; what it does not know it lists. No `vscode` here.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

const MAX_DEPTH = 4;

/** Return the page. */
export function statusPage(status: unknown): string {
  const { version, python, engine, model_wanted, sandbox, ...others } = fieldsOf(status);
  const { workspaces, ledger, problems, completion, ...rest } = others;
  const lines = [
    '# Ducktypist: status',
    '',
    `Server ${word(version)}, Python ${word(python)}.`,
    ...section('Model and engine', [
      ...(model_wanted === undefined ? [] : [`- wanted: ${word(model_wanted)}`]),
      ...listed(engine),
    ]),
    ...section('Sandbox', sandboxLines(sandbox)),
    ...section('Folders', folderLines(workspaces)),
    ...section('Suggestions while typing', listed(completion)),
    ...section('Ledger', listed(ledger)),
    ...section('Problems', problemLines(problems)),
    ...(Object.keys(rest).length === 0 ? [] : section('More', listed(rest))),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', `## ${title}`, '', ...(lines.length === 0 ? ['Nothing is known yet.'] : lines)];
}

function sandboxLines(sandbox: Json | undefined): string[] {
  if (sandbox === null || sandbox === undefined) {
    return ['Not looked for yet: that is done when something is to be run.'];
  }
  return listed(sandbox);
}

function folderLines(workspaces: Json | undefined): string[] {
  if (!Array.isArray(workspaces) || workspaces.length === 0) {
    return ['No folder is open.'];
  }
  return workspaces.map((one: Json) => {
    const { path, trusted } = fieldsOf(one);
    return `- ${word(path)}: ${trusted === true ? 'trusted' : 'not trusted, so nothing of it is run'}`;
  });
}

function problemLines(problems: Json | undefined): string[] {
  if (!Array.isArray(problems) || problems.length === 0) {
    return ['None.'];
  }
  return problems.map((one: Json) => `- ${word(one)}`);
}

function listed(value: Json | undefined, depth = 0): string[] {
  const indent = '  '.repeat(depth);
  return Object.entries(fieldsOf(value)).flatMap(([key, item]) => {
    const name = `${indent}- ${key.replaceAll('_', ' ')}`;
    if (item !== null && typeof item === 'object' && !Array.isArray(item) && depth < MAX_DEPTH) {
      const inner = listed(item, depth + 1);
      return inner.length === 0 ? [`${name}: –`] : [`${name}:`, ...inner];
    }
    return [`${name}: ${word(item)}`];
  });
}

function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {};
}

function word(value: Json | undefined): string {
  if (value === null || value === undefined || value === '') {
    return '–';
  }
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? '–' : value.map((one: Json) => word(one)).join(', ');
  }
  return typeof value === 'object' ? JSON.stringify(value) : oneLine(String(value));
}

/** A message of several lines stays one item of its list. */
function oneLine(text: string): string {
  return text.split(/\s*[\r\n]+\s*/).join(' ');
}

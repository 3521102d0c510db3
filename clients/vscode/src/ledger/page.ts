/**
 * The report's page, made fit for a webview: a policy of our own before the page's, and the colours
 * of the editor's theme instead of the system's. Of two policies both hold, so that the page stays
 * at least as strict as the server wrote it: no script, nothing from anywhere. Pure.
 */

export const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const HEAD = /<head(?:\s[^>]*)?>/i;
const LIGHT = /:root\s*\{([^{}]*)\}/;
const DARK = /@media\s*\(prefers-color-scheme:\s*dark\)\s*\{\s*:root\s*\{([^{}]*)\}/;
/** A colour variable and its value, as the report writes them. */
const VARIABLE = /--[\w-]+\s*:\s*#[0-9a-f]{3,8}/gi;

/**
 * Return the page.
 *
 * @throws Error it is no page with a head, so that no policy could be put into it
 */
export function secured(html: string): string {
  const head = HEAD.exec(html);
  if (head === null || /<body|<script/i.test(html.slice(0, head.index))) {
    throw new Error('the report is no HTML page; ask for it again, or run `ducktypist report`');
  }
  const end = head.index + head[0].length;
  const meta = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  // The theme stands before the page's own policy, which allows the page's own style only.
  return `${html.slice(0, end)}\n${meta}\n<style>${theme(html)}</style>${html.slice(end)}`;
}

/** Return the report's own light and dark colours, chosen by the editor's theme. */
function theme(html: string): string {
  const light = colours(LIGHT.exec(html)?.[1]);
  const dark = colours(DARK.exec(html)?.[1]);
  const rules = [
    `body.vscode-light, body.vscode-high-contrast-light { color-scheme: light; ${light} }`,
    `body.vscode-dark, body.vscode-high-contrast { color-scheme: dark; ${dark} }`,
    'body[class*="vscode-"] { --paper: var(--vscode-editor-background);',
    '  --text: var(--vscode-editor-foreground); padding: 0; }',
  ];
  return rules.join('\n');
}

function colours(block: string | undefined): string {
  return (block?.match(VARIABLE) ?? []).map((one) => `${one};`).join(' ');
}

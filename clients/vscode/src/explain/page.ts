/**
 * The page of the panel: its frame, style and script, under a policy that lets nothing else in.
 * What is explained comes later, by messages, as HTML that `markdown.ts` wrote. Pure.
 */

import { script } from './script.ts';
import { style } from './style.ts';

/**
 * Return the page.
 *
 * @param nonce Marks what may run and style; unguessable and new for each page.
 */
export function page(nonce: string): string {
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Explanation</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<header>
<h1 id="title">Explanation</h1>
<p id="bar">
<button type="button" id="place" class="place" hidden></button>
<button type="button" id="stop" hidden>Stop</button>
<button type="button" id="again" hidden>Explain again</button>
</p>
<p id="standing" role="status" aria-live="polite"></p>
</header>
<main id="passages" aria-label="Explanation" aria-live="polite" aria-relevant="additions"></main>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}

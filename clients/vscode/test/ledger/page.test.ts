import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { POLICY, secured } from '../../src/ledger/page.ts';

const REPORT = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;">
<style>:root {
  color-scheme: light dark;
  --paper: #fcfcfa; --first: #0a5a8a; --sans: system-ui;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --first: #7cbfea;
  }
}</style>
</head>
<body><main>4 of 5</main></body>
</html>`;

describe("the report's page", () => {
  const page = secured(REPORT);

  it('gets our policy first of all', () => {
    const after = page.slice(page.indexOf('<head>') + '<head>'.length).trimStart();
    assert.ok(after.startsWith(`<meta http-equiv="Content-Security-Policy" content="${POLICY}">`));
  });

  it('may run nothing and load nothing', () => {
    assert.match(POLICY, /^default-src 'none';/);
    assert.doesNotMatch(POLICY, /script-src|https?:|\*/);
  });

  it('keeps the policy that the server wrote, and all else', () => {
    assert.ok(page.includes('content="default-src &#39;none&#39;">'));
    const end = REPORT.indexOf('<head>') + '<head>'.length;
    assert.ok(page.startsWith(REPORT.slice(0, end)));
    assert.ok(page.endsWith(REPORT.slice(end)));
  });

  it("takes the report's own colours by the editor's theme", () => {
    assert.match(page, /body\.vscode-light[^{]*\{ color-scheme: light; --paper: #fcfcfa; --first: #0a5a8a; \}/);
    assert.match(page, /body\.vscode-dark[^{]*\{ color-scheme: dark; --paper: #15171a; --first: #7cbfea; \}/);
  });

  it('is refused where it has no head to put a policy into', () => {
    for (const wrong of ['', 'nothing', '<html><body></body></html>', '<body><head></head></body>']) {
      assert.throws(() => secured(wrong), /the report is no HTML page/);
    }
  });

  it('is refused where a script stands before its head', () => {
    assert.throws(() => secured('<script>alert(1)</script><head></head>'), /no HTML page/);
  });

  it('takes only colours out of it', () => {
    const strange = REPORT.replace('--first: #0a5a8a;', '--first: url(https://example.org);');
    const ours = /<style>([^]*?)<\/style>/.exec(secured(strange))?.[1] ?? '';
    assert.doesNotMatch(ours, /url\(/);
  });
});

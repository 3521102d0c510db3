import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusPage } from '../../src/status/page.ts';

const STATUS = {
  version: '0.1.0',
  python: '3.11.7',
  engine: { state: 'ready', crashes: 0, last_error: '', runs: { starts: 1, deaths: [] } },
  model_wanted: 'coder',
  sandbox: { level: 4, tool: 'bubblewrap' },
  workspaces: [
    { path: '/shop', trusted: true },
    { path: '/other', trusted: false },
  ],
  ledger: { path: '/data/ledger.sqlite3', unlogged: 0 },
  problems: ['two\nlines'],
  completion: { enabled: true, disabled_languages: ['markdown', 'plaintext'] },
};

describe('the status page', () => {
  it('says in words how things stand', () => {
    assert.equal(
      statusPage(STATUS),
      `# Ducktypist: status

Server 0.1.0, Python 3.11.7.

## Model and engine

- wanted: coder
- state: ready
- crashes: 0
- last error: –
- runs:
  - starts: 1
  - deaths: –

## Sandbox

- level: 4
- tool: bubblewrap

## Folders

- /shop: trusted
- /other: not trusted, so nothing of it is run

## Suggestions while typing

- enabled: yes
- disabled languages: markdown, plaintext

## Ledger

- path: /data/ledger.sqlite3
- unlogged: 0

## Problems

- two lines
`,
    );
  });

  it('lists what it has no words for', () => {
    const page = statusPage({ ...STATUS, weather: { outside: 'rain' } });
    assert.match(page, /## More\n\n- weather:\n {2}- outside: rain\n$/);
  });

  it('says that nothing is known where nothing is', () => {
    const page = statusPage(null);
    assert.match(page, /Server –, Python –\./);
    assert.match(page, /## Model and engine\n\nNothing is known yet\./);
    assert.match(page, /## Folders\n\nNo folder is open\./);
    assert.match(page, /## Problems\n\nNone\./);
  });
});

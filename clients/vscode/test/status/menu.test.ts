import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { choices, type Standing } from '../../src/status/menu.ts';

const NOW: Standing = {
  connection: 'running',
  engine: 'idle',
  isTrusted: true,
  hasEditor: true,
  hasFolder: true,
};
const CONTRIBUTED = new Set(
  (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      contributes: { commands: { command: string }[] };
    }
  ).contributes.commands.map((one) => one.command),
);

const names = (now: Partial<Standing>): readonly string[] =>
  choices({ ...NOW, ...now }).map((one) => one.command.replace('ducktypist.', ''));

describe('the menu', () => {
  it('offers what can be done with a running server', () => {
    assert.deepEqual(names({}), [
      'explainHere',
      'explainFile',
      'runWorkspaceTests',
      'showLedger',
      'switchCompletion',
      'chooseModel',
      'showStatus',
      'restartServer',
      'showLog',
    ]);
  });

  it('offers to install a server where there is none, and nothing that needs one', () => {
    assert.deepEqual(names({ connection: 'absent', engine: undefined }), [
      'installServer',
      'showLog',
      'restartServer',
    ]);
  });

  it('offers to fetch a model that is missing before all else', () => {
    assert.equal(names({ engine: 'missing' })[0], 'fetchModel');
    assert.ok(!names({}).includes('fetchModel'));
  });

  it('offers trust, and no tests, where the workspace is not trusted', () => {
    const found = names({ isTrusted: false });
    assert.ok(found.includes('manageTrust'));
    assert.ok(!found.includes('runWorkspaceTests'));
  });

  it('explains only where an editor is open, and runs tests only where a folder is', () => {
    const found = names({ hasEditor: false, hasFolder: false });
    assert.ok(!found.includes('explainHere'));
    assert.ok(!found.includes('runWorkspaceTests'));
  });

  it('says in words what each does, and runs only commands that there are', () => {
    for (const connection of ['running', 'starting', 'stopped', 'absent'] as const) {
      for (const one of choices({ ...NOW, connection, engine: 'missing', isTrusted: false })) {
        assert.match(one.label, /^\$\([a-z-]+\) [A-Z]/);
        assert.ok(CONTRIBUTED.has(one.command), one.command);
      }
    }
  });
});

/** Which settings reach the server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  CLIENT_ONLY,
  type Inspected,
  type Manifest,
  type Rules,
  rulesOf,
  settingsSet,
  withEmptySections,
} from '../src/settings.ts';

const MANIFEST = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as Manifest;
const RULES: Rules = {
  keys: ['explain.depth', 'explain.enabled', 'python.interpreter', 'fix.repeats'],
  restricted: new Set(['python.interpreter']),
};

function inspecting(known: Record<string, Inspected>): (key: string) => Inspected | undefined {
  return (key) => known[key];
}

test('only what the person set is sent, never a default', () => {
  const known = { 'explain.depth': { defaultValue: 'short' }, 'fix.repeats': { globalValue: 5 } };

  assert.deepEqual(settingsSet(RULES, inspecting(known), true), { fix: { repeats: 5 } });
});

test('what is false or 0 or empty was set all the same', () => {
  const known = {
    'explain.enabled': { globalValue: false },
    'fix.repeats': { workspaceValue: 0 },
    'explain.depth': { globalValue: '' },
  };

  assert.deepEqual(settingsSet(RULES, inspecting(known), true), {
    explain: { depth: '', enabled: false },
    fix: { repeats: 0 },
  });
});

test('the folder goes before the workspace, and that before the person', () => {
  const known = {
    'explain.depth': { globalValue: 'line', workspaceValue: 'short', workspaceFolderValue: 'thorough' },
    'fix.repeats': { globalValue: 1, workspaceValue: 2 },
  };

  assert.deepEqual(settingsSet(RULES, inspecting(known), true), {
    explain: { depth: 'thorough' },
    fix: { repeats: 2 },
  });
});

test('an untrusted folder does not name programs; the person does', () => {
  const known = {
    'python.interpreter': { workspaceValue: '/shop/evil', workspaceFolderValue: '/shop/worse' },
    'fix.repeats': { workspaceValue: 2 },
  };
  const own = { 'python.interpreter': { ...known['python.interpreter'], globalValue: '/usr/bin/python' } };

  assert.deepEqual(settingsSet(RULES, inspecting(known), false), { fix: { repeats: 2 } });
  assert.deepEqual(settingsSet(RULES, inspecting(own), false), {
    python: { interpreter: '/usr/bin/python' },
  });
  assert.deepEqual(settingsSet(RULES, inspecting(own), true), {
    python: { interpreter: '/shop/worse' },
  });
});

test('a change names every section, so that what was taken back is taken back', () => {
  assert.deepEqual(withEmptySections(RULES, { fix: { repeats: 2 } }), {
    explain: {},
    python: {},
    fix: { repeats: 2 },
  });
});

test('the settings of the extension itself are not the server\'s', () => {
  const rules = rulesOf(MANIFEST);
  const sections = new Set(rules.keys.map((key) => key.split('.')[0] ?? ''));

  assert.ok(rules.keys.includes('explain.hover_wait_ms'));
  assert.ok(rules.restricted.has('python.interpreter'));
  for (const name of CLIENT_ONLY) {
    assert.ok(!sections.has(name), name);
  }
});

test('a manifest without settings has no rules', () => {
  assert.deepEqual(rulesOf({}), { keys: [], restricted: new Set() });
});

/** Versions of the server, read and compared. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast, versionIn } from '../../src/server/versions.ts';

test('a version is read from what a program prints', () => {
  assert.equal(versionIn('ducktypist, version 0.1.0\n'), '0.1.0');
  assert.equal(versionIn('warning: Python 3.11 is old\nducktypist, version 1.12.3.dev4'), '1.12.3');
  assert.equal(versionIn('3.12.1\n/usr/bin/python3.12\n'), '3.12.1');
  assert.equal(versionIn('Traceback (most recent call last)'), undefined);
});

test('versions are compared as numbers, part by part', () => {
  assert.ok(isAtLeast('0.10.0', '0.9.9'));
  assert.ok(isAtLeast('1.0', '1.0.0'));
  assert.ok(isAtLeast('0.1.0', '0.1.0'));
  assert.ok(!isAtLeast('0.1', '0.1.1'));
  assert.ok(!isAtLeast('3.9.18', '3.11'));
});

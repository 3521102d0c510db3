import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Model } from '../../src/contract.ts';
import { lines, size } from '../../src/status/models.ts';

const MODEL: Model = {
  name: 'coder-1.5b-q4_k_m',
  quantisation: 'Q4_K_M',
  n_bytes: 1_117_320_736,
  licence: 'Apache-2.0',
  has_fim: true,
  is_here: false,
  is_wanted: false,
};

describe('a model in the list', () => {
  it('says size, licence, whether it fills in, and whether it is here', () => {
    assert.deepEqual(lines([MODEL]), [
      {
        model: MODEL,
        label: 'coder-1.5b-q4_k_m',
        description: 'Q4_K_M',
        detail: '1.1 GB · Apache-2.0 · fills in while you type · not here, will be fetched',
      },
    ]);
  });

  it('says what is not so, and what is not known', () => {
    const other = { ...MODEL, n_bytes: null, licence: '', has_fim: false, is_here: true, is_wanted: true };
    const [line] = lines([other]);
    assert.equal(line?.description, 'in use · Q4_K_M');
    assert.equal(
      line?.detail,
      'size not known · licence not known · no filling in while you type · on this machine',
    );
  });

  it('comes first when it is in use, then when it is here, then when it is small', () => {
    const named = (name: string, more: Partial<Model>): Model => ({ ...MODEL, name, ...more });
    const found = lines([
      named('unknown', { n_bytes: null }),
      named('large', { n_bytes: 9e9 }),
      named('small', { n_bytes: 1e9 }),
      named('here', { n_bytes: 8e9, is_here: true }),
      named('used', { n_bytes: 9e9, is_wanted: true }),
    ]);
    assert.deepEqual(
      found.map((one) => one.label),
      ['used', 'here', 'small', 'large', 'unknown'],
    );
  });

  it('has a size as downloads have it', () => {
    assert.deepEqual([size(491_400_000), size(12), size(1e9)], ['491 MB', '1 MB', '1.0 GB']);
  });
});

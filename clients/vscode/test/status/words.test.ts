import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Activity, EngineState, Today } from '../../src/contract.ts';
import { itemOf, score, shortName } from '../../src/status/words.ts';

const TODAY: Today = {
  suggestions: 60,
  verified: 40,
  right: 32,
  share: 0.8,
  low: 0.65,
  high: 0.9,
  too_few: false,
};
const FEW: Today = { ...TODAY, suggestions: 12, verified: 5, right: 4, low: 0.38, high: 0.96, too_few: true };
const NONE: Today = { ...TODAY, verified: 0, right: 0, share: null, low: null, high: null, too_few: true };
const ACTIVITY: Activity = {
  state: 'writing',
  model: 'qwen2.5-coder-0.5b-instruct-q4_k_m',
  quantisation: 'Q4_K_M',
  tok_s: 54.2,
  speed: 'usable',
  today: TODAY,
  message: null,
};

const running = (activity: Partial<Activity> = {}) =>
  itemOf({ connection: 'running', trouble: undefined, activity: { ...ACTIVITY, ...activity } });

describe('the item of a model', () => {
  it('says model, what it does, how fast that is, and how often it was right', () => {
    assert.equal(running().text, '$(edit) 0.5b Q4_K_M · writing 54 tok/s · usable · right 80 % of 40');
  });

  it('gives no share where there is too little to go by', () => {
    assert.equal(
      running({ today: FEW }).text,
      '$(edit) 0.5b Q4_K_M · writing 54 tok/s · usable · 4 of 5 right, too few',
    );
    assert.equal(score(NONE), 'none verified');
    assert.equal(score({ ...NONE, suggestions: 0 }), '');
  });

  const doing: readonly (readonly [Partial<Activity>, string])[] = [
    [{ state: 'reading', tok_s: 812.6 }, 'reading 813 tok/s'],
    [{ state: 'reading', tok_s: null }, 'reading'],
    [{ state: 'writing', tok_s: 3.14 }, 'writing 3.1 tok/s'],
    [{ state: 'idle', tok_s: null }, 'idle'],
    [{ state: 'stopped', tok_s: null }, 'resting'],
    [{ state: 'starting', tok_s: null }, 'loading'],
  ];
  for (const [activity, words] of doing) {
    it(`says "${words}"`, () => {
      assert.equal(running({ ...activity, speed: 'tea' }).text.split(' · ')[1], words);
      assert.equal(running({ ...activity, speed: 'tea' }).text.split(' · ')[2], 'tea');
    });
  }

  it('leaves out a speed that was not measured, and says so in the tooltip', () => {
    const { text, tooltip } = running({ state: 'idle', tok_s: null, speed: 'not measured' });
    assert.equal(text, '$(comment) 0.5b Q4_K_M · idle · right 80 % of 40');
    assert.ok(tooltip.includes('Speed today: not measured yet.'));
  });

  it('has the whole in its tooltip, the interval with the share', () => {
    assert.deepEqual(running({ today: FEW }).tooltip, [
      'qwen2.5-coder-0.5b-instruct-q4_k_m, Q4_K_M: writing 54 tok/s.',
      'Speed today: usable, answers come while you still want them.',
      'Today (UTC): 12 suggestions, 5 verified, 4 of them right: 80 % (95 % interval 38 % to 96 %). These are too few to go by.',
      'Click for what can be done now.',
    ]);
  });
});

describe('the item where something is wrong', () => {
  const states: readonly (readonly [EngineState, string, 'warning' | 'error'])[] = [
    ['missing', 'Ducktypist: no model here', 'warning'],
    ['failed', 'Ducktypist: model failed', 'error'],
  ];
  for (const [state, words, severity] of states) {
    it(`says that the model is ${state}, why, and what to do`, () => {
      const item = running({ state, message: 'the disk is full' });
      assert.equal(item.label, words);
      assert.equal(item.severity, severity);
      assert.equal(item.tooltip[0], 'the disk is full');
      assert.match(item.tooltip[1] ?? '', /"Ducktypist: (?:Fetch the Model|Restart the Server)"/);
    });
  }

  it('says what to do where there is no server', () => {
    const item = itemOf({ connection: 'absent', trouble: 'Looked in …', activity: ACTIVITY });
    assert.equal(item.text, '$(warning) Ducktypist: no server');
    assert.equal(item.tooltip[0], 'Looked in …');
  });

  it('says nothing of the model while the server is starting or stopped', () => {
    const of = (connection: 'starting' | 'stopped') =>
      itemOf({ connection, trouble: undefined, activity: ACTIVITY }).text;
    assert.equal(of('starting'), '$(sync) Ducktypist: starting');
    assert.equal(of('stopped'), '$(warning) Ducktypist: server stopped');
  });

  it('says its name while nothing was heard', () => {
    const item = itemOf({ connection: 'running', trouble: undefined, activity: undefined });
    assert.equal(item.text, '$(comment) Ducktypist');
  });
});

describe('what screen readers get', () => {
  it('is the same words without icons, and whose they are', () => {
    assert.equal(running().label, 'Ducktypist: 0.5b Q4_K_M · writing 54 tok/s · usable · right 80 % of 40');
  });
});

describe("a model's short name", () => {
  const names: readonly (readonly [string, string | null, string])[] = [
    ['qwen2.5-coder-0.5b-instruct-q4_k_m', 'Q4_K_M', '0.5b Q4_K_M'],
    ['qwen2.5-coder-14b-instruct-q8_0', 'Q8_0', '14b Q8_0'],
    ['SmolLM2-360M-Instruct.Q8_0', 'Q8_0', '360m Q8_0'],
    ['/models/Some-7B.gguf', null, '7b'],
    ['C:\\models\\coder.gguf', 'Q5_0', 'coder Q5_0'],
    ['coder-q5_0', 'Q5_0', 'coder Q5_0'],
    ['scripted', 'none', 'scripted'],
    ['a-model-with-a-name-that-is-long', null, 'a-model-with-a-na…'],
  ];
  for (const [model, quantisation, short] of names) {
    it(`is "${short}" of ${model}`, () => assert.equal(shortName({ model, quantisation }), short));
  }
});

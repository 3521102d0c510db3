import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Script } from 'node:vm';
import { page } from '../../src/explain/page.ts';
import { script } from '../../src/explain/script.ts';

describe("the panel's page", () => {
  const text = page('N0nce');

  it('lets nothing in but what bears its nonce', () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1];
    assert.equal(
      policy,
      "default-src 'none'; script-src 'nonce-N0nce'; style-src 'nonce-N0nce'; base-uri 'none'; form-action 'none'",
    );
    assert.equal(text.match(/<(?:script|style)/g)?.length, 2);
    assert.equal(text.match(/<(?:script|style) nonce="N0nce">/g)?.length, 2);
  });

  it('has the policy before anything that it is about', () => {
    assert.ok(text.indexOf('Content-Security-Policy') < text.indexOf('<style'));
  });

  it('has no attribute that the policy would refuse, and names nothing outside of itself', () => {
    assert.doesNotMatch(text, /\son\w+=|\sstyle=|https?:|\ssrc=|\shref=|url\(/i);
  });

  it('tells screen readers how it stands, and what is added', () => {
    assert.match(text, /id="standing" role="status" aria-live="polite"/);
    assert.match(text, /<main[^>]* aria-live="polite" aria-relevant="additions"/);
    assert.match(text, /<html lang="en">/);
  });

  it('holds a script that can be read, and that ends where it should', () => {
    new Script(script);
    assert.doesNotMatch(script, /<\/script|<!--/i);
  });
});

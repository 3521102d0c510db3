import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { html } from '../../src/explain/markdown.ts';

/** Markdown and the HTML it becomes. */
const CASES: readonly (readonly [string, string, string])[] = [
  ['a paragraph', 'It adds\ntwo numbers.', '<p>It adds\ntwo numbers.</p>'],
  ['two paragraphs', 'One.\n\nTwo.', '<p>One.</p><p>Two.</p>'],
  ['a heading of the server', '### Line 1: `set -e`', '<h2>Line 1: <code>set -e</code></h2>'],
  ['headings of any level', '# a\n###### b ##', '<h2>a</h2><h5>b</h5>'],
  ['no heading without a blank', '#!/bin/sh', '<p>#!/bin/sh</p>'],
  ['a rule', 'a\n\n---\nb', '<p>a</p><hr><p>b</p>'],
  ['emphasis', '*a* **b** ***c*** _d_ __e__', '<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> <strong>e</strong></p>'],
  ['emphasis within emphasis', '**a *b* c**', '<p><strong>a <em>b</em> c</strong></p>'],
  ['strikethrough', '~~never~~ ~always~', '<p><del>never</del> ~always~</p>'],
  ['no emphasis within names', 'a_b_c 2*3*4 * x', '<p>a_b_c 2<em>3</em>4 * x</p>'],
  ['emphasis that is never closed', '**a *b', '<p>**a *b</p>'],
  ['emphasis that is closed twice', '*a**', '<p><em>a</em>*</p>'],
  ['crossed emphasis', '*a _b* c_', '<p><em>a _b</em> c_</p>'],
  ['a code span', 'Use `xargs -0`.', '<p>Use <code>xargs -0</code>.</p>'],
  ['a code span with backticks', '`` a`b `` c', '<p><code>a`b</code> c</p>'],
  ['a code span in which nothing counts', '`*a* <b> &amp; \\`', '<p><code>*a* &lt;b&gt; &amp;amp; \\</code></p>'],
  ['a backtick without its partner', 'a ` b', '<p>a ` b</p>'],
  ['escapes', '\\*a\\* \\_b\\_ \\\\ \\x', '<p>*a* _b_ \\ \\x</p>'],
  ['entities that the server writes', '&lt;b&gt; &amp; &quot; &copy;', '<p>&lt;b&gt; &amp; &quot; &amp;copy;</p>'],
  ['line breaks', 'a  \nb\\\nc', '<p>a  <br>b<br>c</p>'],
  ['a fence', '```sh\nset -e\n  a < b\n```\nend', '<pre tabindex="0"><code>set -e\n  a &lt; b</code></pre><p>end</p>'],
  ['a fence with shorter ones inside', '````\n```\n````', '<pre tabindex="0"><code>```</code></pre>'],
  ['a fence that is never closed', '~~~\n*a*', '<pre tabindex="0"><code>*a*</code></pre>'],
  ['bullets', '- a\n- b `c`\n* d', '<ul><li>a</li><li>b <code>c</code></li><li>d</li></ul>'],
  ['numbers', '1. a\n2. b', '<ol><li>a</li><li>b</li></ol>'],
  ['a list behind a paragraph', '**Facts**\n\n- a\n- b', '<p><strong>Facts</strong></p><ul><li>a</li><li>b</li></ul>'],
  ['a list that interrupts a paragraph', 'Facts:\n- a', '<p>Facts:</p><ul><li>a</li></ul>'],
  ['a list within a list', '- a\n  - b\n- c', '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>'],
  ['an item of several lines', '- a\nb\n  c\n\n- d', '<ul><li>a\nb\nc</li><li>d</li></ul>'],
  ['an item with a fence', '- a\n\n  ```\n  b\n  ```', '<ul><li>a<pre tabindex="0"><code>b</code></pre></li></ul>'],
  ['a quote', '> a\n> - b\n\nc', '<blockquote><p>a</p><ul><li>b</li></ul></blockquote><p>c</p>'],
  ['line ends of other systems', 'a\r\n\r\nb\rc', '<p>a</p><p>b\nc</p>'],
  ['nothing', '', ''],
];

describe('Markdown becomes HTML', () => {
  for (const [name, markdown, expected] of CASES) {
    it(name, () => assert.equal(html(markdown), expected));
  }

  it('for a passage of facts as the server writes it', () => {
    const facts =
      '**Facts**\n\n- `-mtime +7`: true for a file that had its contents last modified ' +
      'at least 8 x 24 hours ago *(bundled summary of find)*\n- and 2 more';
    assert.equal(
      html(facts),
      '<p><strong>Facts</strong></p><ul><li><code>-mtime +7</code>: true for a file that had its ' +
        'contents last modified at least 8 x 24 hours ago <em>(bundled summary of find)</em></li>' +
        '<li>and 2 more</li></ul>',
    );
  });
});

describe('links and images are text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['[here](https://example.org)', '<p>here</p>'],
    ['[**here**](command:x "t")', '<p><strong>here</strong></p>'],
    ['![a duck](https://example.org/d.png)', '<p>a duck</p>'],
    ['[a [b](c) d](e)', '<p>a b d</p>'],
    ['[a](b(c)d) e', '<p>a e</p>'],
    ['[a][b] [c]', '<p>[a][b] [c]</p>'],
    ['[a](b', '<p>[a](b</p>'],
    ['\\[a](b)', '<p>[a](b)</p>'],
    ['`[a](b)`', '<p><code>[a](b)</code></p>'],
    ['<https://example.org>', '<p>&lt;https://example.org&gt;</p>'],
    ['https://example.org', '<p>https://example.org</p>'],
  ];
  for (const [markdown, expected] of cases) {
    it(markdown, () => assert.equal(html(markdown), expected));
  }
});

/** What a hostile comment may get a model to repeat. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<a href="command:workbench.action.terminal.new">x</a>',
  '[x](javascript:alert(1))',
  '![x](https://example.org/?leak)',
  '`<script>`',
  '```\n</code></pre><script>alert(1)</script>\n```',
  '```"><script>alert(1)</script>\nx\n```',
  '# <svg onload=alert(1)>',
  '- <iframe src="https://example.org"></iframe>',
  '> <style>*{display:none}</style>',
  '**<b onmouseover=alert(1)>**',
  '*"><script>*alert(1)',
  '[<script>](x)',
  '[x](<script>)',
  '![<img src=x onerror=alert(1)>](y)',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;',
  '&amp;lt;script&amp;gt;',
  '<!-- --><script>alert(1)</script>',
  '<<script>script>alert(1)<</script>/script>',
  '\\<script\\>',
  "'\"`><script>alert(1)</script>",
  '\u0000<\u0000script>',
  '<meta http-equiv="refresh" content="0;url=https://example.org">',
  '$(trash) <vscode-button>',
];

const TAGS =
  /<\/?(?:p|em|strong|del|code|h[2-5]|ul|ol|li|blockquote)>|<(?:hr|br)>|<pre tabindex="0">|<\/pre>/g;

/** Assert that HTML holds our own tags alone, each closed in order. */
function assertOurs(found: string, from: string): void {
  const rest = found.replace(TAGS, '');
  assert.doesNotMatch(rest, /[<>"']/, `${JSON.stringify(from)} became ${found}`);
  assert.doesNotMatch(rest.replace(/&(?:amp|lt|gt|quot|#39);/g, ''), /&/, found);
  const open: string[] = [];
  for (const [tag] of found.matchAll(TAGS)) {
    const name = /[a-z]+\d?/.exec(tag)?.[0] ?? '';
    if (tag.startsWith('</')) {
      assert.equal(open.pop(), name, `${JSON.stringify(from)} became ${found}`);
    } else if (name !== 'hr' && name !== 'br') {
      open.push(name);
    }
  }
  assert.deepEqual(open, [], found);
}

describe('whatever comes in, only our own tags come out', () => {
  for (const text of HOSTILE) {
    it(JSON.stringify(text), () => {
      assertOurs(html(text), text);
      assertOurs(html(`- ${text}\n\n> ${text}\n# ${text}\n*${text}* **${text}**`), text);
    });
  }

  it('also from any mixture of signs', () => {
    const signs = ['*', '**', '_', '~~', '`', '``', '```\n', '[', '](', ')', '!', '<', '>', '&', '\\', '\n', '\n\n', '- ', '1. ', '> ', '# ', '    ', 'a', '"', '🦆', '---'];
    // A generator of its own, so that what fails can be made again.
    let seed = 42;
    const next = (n: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 16) % n;
    };
    for (let round = 0; round < 5000; round += 1) {
      const text = Array.from({ length: 1 + next(24) }, () => signs[next(signs.length)]).join('');
      assertOurs(html(text), text);
    }
  });

  it('and marks that nobody can see are made visible', () => {
    assert.equal(html('a\u202eb\u200bc\u0007d'), '<p>a\ufffdb\ufffdc\ufffdd</p>');
  });
});

describe('endless text', () => {
  const endless = [
    '*'.repeat(300_000),
    '*a _b '.repeat(50_000),
    '[a]('.repeat(60_000),
    '`'.repeat(300_000),
    '` `` '.repeat(50_000),
    '> '.repeat(100_000),
    '- '.repeat(100_000),
    `- a${'\n'.repeat(200_000)}  b`,
    '- a\n\n'.repeat(60_000),
    '<'.repeat(300_000),
  ];
  for (const text of endless) {
    it(`is cut and rendered: ${JSON.stringify(text.slice(0, 12))}…`, { timeout: 20_000 }, () => {
      const found = html(text);
      assert.match(found, /The rest was too long and is left out/);
      assertOurs(found, text.slice(0, 12));
    });
  }
});

-- The arithmetic of ghost text.

local spec = require('spec')
local describe, it, same = spec.describe, spec.it, spec.same
local ghost = require('ducktypist.ghost_text')

describe('what is left of a suggestion', function()
  it('is all of it where nothing was typed', function()
    same(ghost.rest('return x', ''), 'return x')
  end)
  it('is what follows the part that was typed', function()
    same(ghost.rest('return x', 'ret'), 'urn x')
  end)
  it('is nothing where something else was typed', function()
    same(ghost.rest('return x', 'raise'), nil)
  end)
  it('is nothing where all of it was typed', function()
    same(ghost.rest('return x', 'return x'), nil)
  end)
  it('goes on over line breaks', function()
    same(ghost.rest('if a:\n    b', 'if a:\n    '), 'b')
  end)
  it('is text, not a pattern', function()
    same(ghost.rest('a.b(%d)', 'a.b('), '%d)')
    same(ghost.rest('axb', 'a.b'), nil)
  end)
  it('cuts letters of several bytes where they end', function()
    same(ghost.rest('größe = 1', 'grö'), 'ße = 1')
  end)
end)

describe('the next word', function()
  it('has the space before it', function()
    same(ghost.word(' first + second'), ' first')
  end)
  it('is a run of signs where no word comes', function()
    same(ghost.word('== b'), '==')
    same(ghost.word(' += 1'), ' +=')
  end)
  it('takes the letters of other scripts', function()
    same(ghost.word('größe = 1'), 'größe')
    same(ghost.word('名前 = 1'), '名前')
  end)
  it('takes the line break and the indentation before it', function()
    same(ghost.word('\n    print(x)'), '\n    print')
  end)
  it('is what is left where only space is', function()
    same(ghost.word('  '), '  ')
  end)
  it('takes all of a text in the end', function()
    local text, n_words = "for n in range(3):\n        print('ä', n)", 0
    local taken = ''
    while taken ~= text do
      local word = ghost.word(text:sub(#taken + 1))
      assert(word ~= '', 'no progress')
      taken, n_words = taken .. word, n_words + 1
    end
    same(n_words > 8, true)
  end)
end)

describe('the next line', function()
  it('ends before the line break', function()
    same(ghost.line('for n in x:\n    y'), 'for n in x:')
  end)
  it('is the following one where the text begins with a line break', function()
    same(ghost.line('\n    y\n    z'), '\n    y')
  end)
  it('is all where there is one', function()
    same(ghost.line('return x'), 'return x')
  end)
end)

describe('a length as the server counts it', function()
  it('is in UTF-16 code units', function()
    same(ghost.utf16_length('ab', false), 2)
    same(ghost.utf16_length('äö', false), 2)
    same(ghost.utf16_length('a😀', false), 3)
  end)
  it('counts a line break as two where the server has two', function()
    same(ghost.utf16_length('a\nb\nc', true), 7)
    same(ghost.utf16_length('a\nb\nc', false), 5)
  end)
end)

describe('a text as Neovim has it', function()
  it('has line feeds alone', function()
    same({ ghost.normalised('a\r\nb') }, { 'a\nb', true })
    same({ ghost.normalised('a\nb') }, { 'a\nb', false })
  end)
  it('has no line break at its end', function()
    same(ghost.normalised('a\n\n'), 'a')
  end)
end)

describe('tabs', function()
  it('are as wide as from their column to the next stop', function()
    same(ghost.expanded('\tx', 0, 4), '    x')
    same(ghost.expanded('\tx', 3, 4), ' x')
    same(ghost.expanded('a\tb\tc', 0, 4), 'a   b   c')
  end)
  it('come after letters that are two columns wide', function()
    same(ghost.expanded('名\tx', 0, 4), '名  x')
  end)
end)

describe('the layout', function()
  it('is inline where one line is suggested', function()
    same(ghost.layout('first + second', '', ''), {
      inline = 'first + second',
      covers = false,
      below = {},
    })
  end)
  it('stays before what follows the cursor', function()
    same(ghost.layout('a, b', '', ')'), { inline = 'a, b', covers = false, below = {} })
  end)
  it('leaves out what is in the line already', function()
    same(ghost.layout('a, b)', ')', ''), { inline = 'a, b', covers = false, below = {} })
  end)
  it('covers what it takes the place of', function()
    same(ghost.layout('new', 'longer', ' # c'), {
      inline = 'new # c   ',
      covers = true,
      below = {},
    })
  end)
  it('has further lines below', function()
    same(ghost.layout('if a:\n    b\n    c', '', ''), {
      inline = 'if a:',
      covers = false,
      below = { '    b', '    c' },
    })
  end)
  it('moves the rest of the line behind the last line', function()
    same(ghost.layout('[\n    a,\n', '', ']'), {
      inline = '[',
      covers = true,
      below = { '    a,', ']' },
    })
  end)
  it('shows nothing inline where the text begins with a line break', function()
    same(ghost.layout('\n    b', '', ''), { inline = '', covers = false, below = { '    b' } })
  end)
end)

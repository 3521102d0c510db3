-- What Neovim 0.11 leaves out of an entry of its completion menu.

local spec = require('spec')
local describe, it, same = spec.describe, spec.it, spec.same
local missing = require('ducktypist.menu_rest').missing

describe('what is missing behind an entry', function()
  local item = { textEdit = { newText = 'return first + second' }, insertTextFormat = 1 }
  it('is what follows its first word', function()
    same(missing(item, '    return'), ' first + second')
  end)
  it('is all of a text that begins with a line break', function()
    same(missing({ textEdit = { newText = '\n    x' } }, '    """'), '\n    x')
  end)
  it('is nothing where the text is one word', function()
    same(missing({ textEdit = { newText = 'print()' } }, 'print()'), nil)
  end)
  it('is nothing where something else stands before the cursor', function()
    same(missing(item, '    raise'), nil)
  end)
  it('is nothing of a snippet, which Neovim expands', function()
    local snippet = { textEdit = { newText = 'a ${1:b}' }, insertTextFormat = 2 }
    same(missing(snippet, 'a'), nil)
  end)
end)

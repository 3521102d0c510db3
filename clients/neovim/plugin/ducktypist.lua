-- What is there before anything is loaded: the command, the <Plug> maps, one autocommand.
-- Everything else is loaded when it is first used.

if vim.g.loaded_ducktypist then
  return
end
vim.g.loaded_ducktypist = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.api.nvim_create_user_command('Ducktypist', function()
    vim.notify('Ducktypist needs Neovim 0.11 or later; this is an older one', vim.log.levels.ERROR)
  end, { nargs = '*' })
  return
end

vim.api.nvim_create_user_command('Ducktypist', function(call)
  require('ducktypist.commands').run(call)
end, {
  nargs = '*',
  range = true,
  desc = 'Ducktypist: explain, fix, write a body, and what came of it',
  complete = function(lead, line, cursor)
    return require('ducktypist.commands').complete(lead, line, cursor)
  end,
})

-- `on_attach` of a person's own configuration would take the place of ours, so it is not relied on.
vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('ducktypist.attach', { clear = true }),
  desc = 'Ducktypist: ghost text, code lenses',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'ducktypist' then
      require('ducktypist.attach').attach(client, event.buf)
    end
  end,
})

---@param modes string|string[]
---@param name string
---@param action fun()
---@param desc string
local function plug(modes, name, action, desc)
  vim.keymap.set(modes, ('<Plug>(ducktypist-%s)'):format(name), action, { desc = desc })
end

plug('i', 'accept', function()
  require('ducktypist').accept()
end, 'Ducktypist: accept the suggestion')
plug('i', 'accept-word', function()
  require('ducktypist').accept_word()
end, 'Ducktypist: accept a word of the suggestion')
plug('i', 'accept-line', function()
  require('ducktypist').accept_line()
end, 'Ducktypist: accept a line of the suggestion')
plug('i', 'dismiss', function()
  require('ducktypist').dismiss()
end, 'Ducktypist: dismiss the suggestion')
plug('i', 'next', function()
  require('ducktypist').next()
end, 'Ducktypist: suggest now, or the next suggestion')
plug('n', 'explain', function()
  require('ducktypist.commands').run_named('explain')
end, 'Ducktypist: explain this')
-- A command line keeps the selection as its range.
vim.keymap.set('x', '<Plug>(ducktypist-explain)', ':Ducktypist explain<CR>', {
  silent = true,
  desc = 'Ducktypist: explain the selection',
})
plug({ 'n', 'i' }, 'fix', function()
  require('ducktypist.commands').run_named('fix')
end, 'Ducktypist: fix the failing test')
plug({ 'n', 'i' }, 'body', function()
  require('ducktypist.commands').run_named('body')
end, 'Ducktypist: write the body')

-- What holds for all files of the plugin: loading one defines things and does nothing else.

local spec = require('spec')
local describe, it, same = spec.describe, spec.it, spec.same

local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
local root = vim.fs.dirname(here)

---@return table<string, true>
local function globals()
  local names = {}
  for name in pairs(_G) do
    names[name] = true
  end
  return names
end

describe('loading', function()
  local folder = vim.fs.joinpath(root, 'lua', 'ducktypist')
  for name in vim.fs.dir(folder) do
    it(name .. ' sets no global, maps no key and adds no autocommand', function()
      local before = { globals(), #vim.api.nvim_get_autocmds({}), #vim.api.nvim_get_keymap('i') }
      local module = dofile(vim.fs.joinpath(folder, name))
      same(type(module), 'table')
      local after = { globals(), #vim.api.nvim_get_autocmds({}), #vim.api.nvim_get_keymap('i') }
      same(after, before)
    end)
    it(name .. ' begins by saying what it is', function()
      local first = vim.fn.readfile(vim.fs.joinpath(folder, name), '', 1)[1]
      same(first:match('^%-%- .') ~= nil, true)
    end)
  end
end)

describe('the start of Neovim', function()
  it('loads none of them, and has the command and the maps', function()
    for name in pairs(package.loaded) do
      if vim.startswith(name, 'ducktypist') then
        package.loaded[name] = nil
      end
    end
    vim.g.loaded_ducktypist = nil
    dofile(vim.fs.joinpath(root, 'plugin', 'ducktypist.lua'))
    same(vim.fn.exists(':Ducktypist'), 2)
    for _, map in ipairs({ 'accept', 'accept-word', 'accept-line', 'dismiss', 'next' }) do
      same(vim.fn.maparg('<Plug>(ducktypist-' .. map .. ')', 'i') ~= '', true)
    end
    for name in pairs(package.loaded) do
      same(vim.startswith(name, 'ducktypist'), false)
    end
  end)
  it('has a configuration that needs nothing loaded', function()
    local config = dofile(vim.fs.joinpath(root, 'lsp', 'ducktypist.lua'))
    same(config.cmd, { 'ducktypist', 'serve' })
    same(config.capabilities.experimental.ducktypist.activity, true)
    same(config.get_language_id(0, 'sh'), 'shellscript')
    same(config.get_language_id(0, 'python'), 'python')
    same(package.loaded['ducktypist.server'], nil)
  end)
end)

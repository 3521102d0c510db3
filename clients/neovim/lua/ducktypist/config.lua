-- The options of the plugin itself, in `vim.g.ducktypist` (a table, or a function returning one).
-- The server's settings are not here: they are `settings` in `vim.lsp.config('ducktypist', …)`.

local M = {}

---@class ducktypist.Option
---@field name string
---@field type 'boolean'|'number'|'string'
---@field default boolean|number|string
---@field one_of? string[]
---@field doc string

---@class ducktypist.Options
---@field ghost_text? boolean
---@field ghost_text_native? boolean
---@field ghost_text_debounce_ms? number
---@field ghost_text_highlight? string
---@field hide_with_menu? boolean
---@field code_lens? boolean
---@field split? 'right'|'left'|'below'|'above'|'tab'
---@field confirm_edits? boolean
---@field ask_trust? boolean

---@type ducktypist.Option[]
M.options = {
  {
    name = 'ghost_text',
    type = 'boolean',
    default = true,
    doc = 'suggest at the cursor while you type',
  },
  {
    name = 'ghost_text_native',
    type = 'boolean',
    default = true,
    doc = 'leave ghost text to vim.lsp.inline_completion where Neovim has it (0.12)',
  },
  {
    name = 'ghost_text_debounce_ms',
    type = 'number',
    default = 0,
    doc = 'wait before the server is asked; it waits by your rhythm in any case',
  },
  {
    name = 'ghost_text_highlight',
    type = 'string',
    default = 'DucktypistGhost',
    doc = 'the highlight group of ghost text',
  },
  {
    name = 'hide_with_menu',
    type = 'boolean',
    default = true,
    doc = 'hide ghost text while a completion menu is open',
  },
  {
    name = 'code_lens',
    type = 'boolean',
    default = true,
    doc = 'show code lenses above empty functions and red tests',
  },
  {
    name = 'split',
    type = 'string',
    default = 'right',
    one_of = { 'right', 'left', 'below', 'above', 'tab' },
    doc = 'where explanations and tables open',
  },
  {
    name = 'confirm_edits',
    type = 'boolean',
    default = false,
    doc = 'ask before an edit of fix or body is made',
  },
  {
    name = 'ask_trust',
    type = 'boolean',
    default = true,
    doc = 'ask whether a folder is trusted when something needs it',
  },
}

---@type ducktypist.Options?
local from_setup
---@type table<string, any>?
local checked

--- Return the options with their defaults; what is wrong is left out and said.
---@param given any
---@return table<string, any> options
---@return string[] problems
function M.check(given)
  local options, problems = {}, {}
  for _, option in ipairs(M.options) do
    options[option.name] = option.default
  end
  if given == nil then
    return options, problems
  end
  if type(given) ~= 'table' then
    local wanted = 'vim.g.ducktypist is a table, or a function returning one; it is a %s'
    return options, { wanted:format(type(given)) }
  end
  local known = {}
  for _, option in ipairs(M.options) do
    known[option.name] = option
  end
  for name, value in vim.spairs(given) do
    local option = known[name]
    if not option then
      local text = 'there is no option %s; there are: %s'
      local names = vim.tbl_map(function(one)
        return one.name
      end, M.options)
      table.insert(problems, text:format(tostring(name), table.concat(names, ', ')))
    elseif type(value) ~= option.type then
      local text = '%s is a %s, not %s'
      table.insert(problems, text:format(name, option.type, vim.inspect(value)))
    elseif option.one_of and not vim.list_contains(option.one_of, value) then
      local text = '%s is one of %s, not %s'
      local choices = table.concat(option.one_of, ', ')
      table.insert(problems, text:format(name, choices, vim.inspect(value)))
    elseif option.type == 'number' and value < 0 then
      table.insert(problems, ('%s is 0 or more, not %s'):format(name, value))
    else
      options[name] = value
    end
  end
  return options, problems
end

--- Take options from `setup`.
---@param options? ducktypist.Options
function M.set(options)
  from_setup = options
  M.read()
end

--- Read the options again, and say what is wrong with them.
---@return table<string, any>
function M.read()
  local given = vim.g.ducktypist
  if type(given) == 'function' then
    local ok, result = pcall(given)
    if not ok then
      vim.notify('Ducktypist: vim.g.ducktypist failed: ' .. result, vim.log.levels.WARN)
    end
    given = ok and result or nil
  end
  if from_setup and (given == nil or type(given) == 'table') then
    given = vim.tbl_extend('force', given or {}, from_setup)
  end
  local options, problems = M.check(given)
  checked = options
  if #problems > 0 then
    vim.notify('Ducktypist: ' .. table.concat(problems, '\n'), vim.log.levels.WARN)
  end
  return options
end

--- Return the options, read at the first call.
---@return table<string, any>
function M.get()
  return checked or M.read()
end

return M

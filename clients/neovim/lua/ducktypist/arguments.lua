-- What `:Ducktypist` takes: the subcommands, their arguments, and what completes them. Pure.

local M = {}

---@class ducktypist.Subcommand
---@field name string
---@field takes string how the arguments are written
---@field about string
---@field words? string[] what the first argument may be
---@field range? boolean
---@field most integer how many arguments at most

---@type ducktypist.Subcommand[]
M.subcommands = {
  { name = 'explain', takes = '', about = 'explain this, in a split', range = true, most = 0 },
  { name = 'fix', takes = '', about = 'fix the failing test of this place', most = 0 },
  { name = 'body', takes = '', about = 'write the body of this documented function', most = 0 },
  { name = 'stats', takes = '', about = 'what suggestions turned out to be worth', most = 0 },
  { name = 'report', takes = '', about = 'the same as a page for the browser', most = 0 },
  { name = 'status', takes = '', about = 'how model, sandbox and trust stand', most = 0 },
  { name = 'restart', takes = '', about = 'start the server again', most = 0 },
  {
    name = 'model',
    takes = '[NAME]',
    about = 'choose the model, or fetch the one of the settings',
    most = 1,
  },
  {
    name = 'trust',
    takes = '[view|allow|deny|revoke]',
    about = 'whether tests of this folder may be run',
    words = { 'view', 'allow', 'deny', 'revoke' },
    most = 1,
  },
  { name = 'log', takes = '', about = 'the log of the server', most = 0 },
  {
    name = 'toggle',
    takes = '[on|off] [LANGUAGE]',
    about = 'ghost text on or off, for this window',
    words = { 'on', 'off' },
    most = 2,
  },
  {
    name = 'tests',
    takes = '[all|file]',
    about = 'run the tests of the folder or of this file',
    words = { 'all', 'file' },
    most = 1,
  },
  { name = 'cancel', takes = '', about = 'stop what fix, body or tests are doing', most = 0 },
}

---@param name string
---@return ducktypist.Subcommand?
function M.subcommand(name)
  for _, one in ipairs(M.subcommands) do
    if one.name == name then
      return one
    end
  end
end

---@return string[]
function M.names()
  return vim.tbl_map(function(one)
    return one.name
  end, M.subcommands)
end

---@class ducktypist.Call
---@field subcommand ducktypist.Subcommand
---@field arguments string[]

--- Return what words ask for, or what is wrong with them.
---@param words string[]
---@param has_range boolean
---@return ducktypist.Call? call
---@return string? problem
function M.parse(words, has_range)
  local name = words[1]
  if not name then
    return nil, 'name what to do: ' .. table.concat(M.names(), ', ')
  end
  local subcommand = M.subcommand(name)
  if not subcommand then
    local text = 'there is no `:Ducktypist %s`; there are %s'
    return nil, text:format(name, table.concat(M.names(), ', '))
  end
  local arguments = vim.list_slice(words, 2)
  if #arguments > subcommand.most then
    local usage = vim.trim(('`:Ducktypist %s %s'):format(name, subcommand.takes)) .. '`'
    return nil, ('too many arguments; write %s'):format(usage)
  end
  if has_range and not subcommand.range then
    return nil, ('`:Ducktypist %s` takes no range'):format(name)
  end
  local first = arguments[1]
  local is_free = not subcommand.words or name == 'toggle'
  if first and not is_free and not vim.list_contains(subcommand.words, first) then
    local text = '`%s` is none of %s'
    return nil, text:format(first, table.concat(subcommand.words, ', '))
  end
  return { subcommand = subcommand, arguments = arguments }
end

--- Return what fits at the end of a command line.
---@param line string up to the cursor
---@param models string[] names that `model` completes
---@return string[]
function M.complete(line, models)
  local words = vim.split(vim.trim((line:gsub('^.-Ducktypist!?%s?', '', 1))), '%s+')
  local lead = line:match('%s$') and '' or words[#words]
  local n_done = lead == '' and (words[1] == '' and 0 or #words) or #words - 1
  local choices = {} ---@type string[]
  if n_done == 0 then
    choices = M.names()
  elseif n_done == 1 then
    local subcommand = M.subcommand(words[1])
    if subcommand and subcommand.name == 'model' then
      choices = models
    elseif subcommand then
      choices = subcommand.words or {}
    end
  end
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
end

return M

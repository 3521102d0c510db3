-- What a person's configuration calls: setup, the suggestion at the cursor, the statusline.
-- Everything is loaded when it is first used.

local M = {}

--- Set options from Lua, as lazy.nvim's `opts` does; the same as setting `vim.g.ducktypist`.
--- Not needed otherwise.
---@param options? ducktypist.Options
function M.setup(options)
  require('ducktypist.config').set(options)
end

---@return table ghost text as this Neovim has it
local function ghost()
  return require('ducktypist.ghost').way()
end

--- Accept the suggestion that is shown. For maps: `if not accept() then return '<Tab>' end`.
---@return boolean accepted
function M.accept()
  return ghost().accept('all')
end

--- Accept the suggestion's next word.
---@return boolean accepted
function M.accept_word()
  return ghost().accept('word')
end

--- Accept the suggestion up to the end of its line.
---@return boolean accepted
function M.accept_line()
  return ghost().accept('line')
end

--- Say that the suggestion is not wanted; it is not shown again.
---@return boolean dismissed
function M.dismiss()
  return ghost().dismiss()
end

--- Show the next suggestion, or ask for one without waiting.
function M.next()
  ghost().next()
end

--- Return what is suggested at the cursor, as for a screen reader; nil where nothing is shown.
---@return string?
function M.suggestion()
  return ghost().text()
end

--- Return the words of the statusline; empty while no server runs.
---@return string
function M.statusline()
  return require('ducktypist.activity').statusline()
end

return M

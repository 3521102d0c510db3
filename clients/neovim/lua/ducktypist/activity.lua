-- What the model is doing, as the server last said: kept for the statusline, which is cheap.

local M = {}

---@type table<integer, table> by client
local last = {}
---@type string words of the last one
local words = ''

---@param activity? table
local function told(activity)
  words = activity and require('ducktypist.words').statusline(activity) or ''
  vim.api.nvim_exec_autocmds('User', {
    pattern = 'DucktypistActivity',
    modeline = false,
    data = { activity = activity, words = words },
  })
  vim.cmd.redrawstatus()
end

--- Take what the server says.
---@param activity table
---@param ctx lsp.HandlerContext
function M.received(activity, ctx)
  last[ctx.client_id] = activity
  told(activity)
end

--- Forget a server that is gone.
---@param client_id integer
function M.gone(client_id)
  if last[client_id] then
    last[client_id] = nil
    told(last[next(last)])
  end
end

--- Return the last activity, as in docs/protocol.md; nil before there is one.
---@return table?
function M.last()
  return last[next(last)]
end

--- Return the words of the statusline.
---@return string
function M.statusline()
  return words
end

return M

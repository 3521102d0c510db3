-- A tiny runner of specs: describe, it, and the two comparisons that are needed.

local M = {}

local path = {} ---@type string[]
local n_passed = 0
local failures = {} ---@type string[]

--- Group specs.
---@param what string
---@param body fun()
function M.describe(what, body)
  table.insert(path, what)
  body()
  table.remove(path)
end

--- State one behaviour.
---@param what string
---@param body fun()
function M.it(what, body)
  local name = table.concat(path, ' ') .. ' ' .. what
  local ok, problem = xpcall(body, debug.traceback)
  if ok then
    n_passed = n_passed + 1
  else
    table.insert(failures, ('FAILED %s\n%s'):format(name, problem))
  end
end

--- Compare two values in depth.
---@param found any
---@param expected any
function M.same(found, expected)
  if not vim.deep_equal(found, expected) then
    error(('found %s\nexpected %s'):format(vim.inspect(found), vim.inspect(expected)), 2)
  end
end

--- Look for a piece of text.
---@param text any
---@param piece string
function M.contains(text, piece)
  if type(text) ~= 'string' or not text:find(piece, 1, true) then
    error(('%s does not contain %s'):format(vim.inspect(text), vim.inspect(piece)), 2)
  end
end

--- Print what failed and how many passed; tell whether all did. No specs at all is a failure.
---@return boolean
function M.report()
  for _, failure in ipairs(failures) do
    io.stdout:write(failure, '\n\n')
  end
  io.stdout:write(('%d passed, %d failed\n'):format(n_passed, #failures))
  return #failures == 0 and n_passed > 0
end

return M

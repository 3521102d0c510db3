-- Running tests: asked for here, run by the server in its sandbox, red ones shown as diagnostics.

local M = {}

local server = require('ducktypist.server')

--- Return what a run came to, in a sentence.
---@param result table what `ducktypist.runTests` gives
---@return string
function M.summary(result)
  local parts = { ('%d passed'):format(result.passed or 0) }
  for _, name in ipairs({ 'failed', 'errors' }) do
    local n = #(result[name] or {})
    if n > 0 then
      local word = name == 'failed' and 'failed' or (n == 1 and 'error' or 'errors')
      table.insert(parts, ('%d %s'):format(n, word))
    end
  end
  if (result.skipped or 0) > 0 then
    table.insert(parts, ('%d skipped'):format(result.skipped))
  end
  local said = ('tests: %s in %.1f s'):format(
    table.concat(parts, ', '),
    (result.duration_ms or 0) / 1000
  )
  local problems = result.problems or {}
  return #problems > 0 and (said .. '; ' .. table.concat(problems, '; ')) or said
end

--- Run the tests of the folder, or those of this file.
---@param which? string `all` or `file`
function M.run(which)
  local client = server.required({ attached = which == 'file' })
  if not client then
    return
  end
  local root = require('ducktypist.trust').folder(client)
  local wanted = vim.empty_dict()
  if which == 'file' then
    wanted = { uri = vim.uri_from_bufnr(0) }
  elseif root then
    wanted = { uri = vim.uri_from_fname(root) }
  end
  local actions = require('ducktypist.actions')
  local id = server.execute(client, 'runTests', { wanted }, function(result)
    actions.ended()
    local n_red = #(result.failed or {}) + #(result.errors or {})
    server.say(M.summary(result), n_red > 0 and 'WARN' or 'INFO')
  end, function(message)
    actions.ended()
    if message:find('not trusted', 1, true) then
      require('ducktypist.trust').offer(client, message)
      return true
    end
    return false
  end)
  if id then
    actions.started(client, id, 'running tests')
  end
end

return M

-- Stats, report, status and log: asked of the server and shown in a split or the browser.

local M = {}

local server = require('ducktypist.server')

---@param name string
---@param render fun(client: vim.lsp.Client, show: fun(markdown: string))
local function table_pane(name, render)
  local client = server.required()
  if not client then
    return
  end
  local function again()
    table_pane(name, render)
  end
  render(client, function(markdown)
    local pane = require('ducktypist.pane').open(name, { keys = { r = again }, enter = true })
    require('ducktypist.pane').set(pane, markdown)
  end)
end

--- Show what suggestions turned out to be worth.
function M.stats()
  table_pane('stats', function(client, show)
    server.execute(client, 'stats', {}, function(stats)
      show(require('ducktypist.stats').markdown(stats))
    end)
  end)
end

--- Write the report and open it in the browser.
function M.report()
  local client = server.required()
  if not client then
    return
  end
  server.execute(client, 'report', { vim.empty_dict() }, function(report)
    local _, problem = vim.ui.open(report.path)
    if problem then
      server.say('the report is ' .. report.path .. ' (it could not be opened here)')
    else
      server.say('the report is ' .. report.path)
    end
  end)
end

--- Show how things stand.
function M.status()
  table_pane('status', function(client, show)
    server.execute(client, 'status', {}, function(status)
      local is_native = require('ducktypist.ghost').is_native()
      show(require('ducktypist.words').status(status, {
        activity = require('ducktypist.activity').statusline(),
        denied = require('ducktypist.trust').denied(),
        ghost = is_native and 'vim.lsp.inline_completion' or 'extmarks of this plugin',
      }))
    end)
  end)
end

--- Open the log of Neovim's client, where the server's standard error is.
function M.log()
  local path = vim.lsp.log.get_filename and vim.lsp.log.get_filename() or vim.lsp.get_log_path()
  if vim.fn.filereadable(path) == 0 then
    server.say('there is no log yet; it would be ' .. path)
    return
  end
  vim.cmd.tabedit({ args = { vim.fn.fnameescape(path) }, magic = { file = false } })
  vim.bo.readonly = true
  vim.cmd.normal({ args = { 'G' }, bang = true })
end

return M

-- Fix and body: the code action is asked for, worked out by the server, and applied after its
-- verdict was said. Acceptance is told once, by the action's own command.

local M = {}

local server = require('ducktypist.server')

---@type {client: vim.lsp.Client, id: integer, what: string}?
local running

---@class ducktypist.Place
---@field uri string
---@field range lsp.Range
---@field diagnostics lsp.Diagnostic[]

---@param bufnr? integer all buffers where nil
---@param line? integer 0-based
---@return vim.Diagnostic[] red tests
local function red_tests(bufnr, line)
  local found = vim.diagnostic.get(bufnr, { lnum = line, severity = vim.diagnostic.severity.ERROR })
  return vim.tbl_filter(function(diagnostic)
    return diagnostic.source == 'ducktypist' and vim.tbl_get(diagnostic, 'user_data', 'lsp') ~= nil
  end, found)
end

--- Return where the cursor is, and what is red there.
---@param client vim.lsp.Client
---@param bufnr integer
---@return ducktypist.Place
local function place_of_cursor(client, bufnr)
  local params = vim.lsp.util.make_range_params(0, client.offset_encoding)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local diagnostics = vim.tbl_map(function(diagnostic)
    return diagnostic.user_data.lsp
  end, red_tests(bufnr, line))
  return { uri = params.textDocument.uri, range = params.range, diagnostics = diagnostics }
end

--- Make the edit of an action that was worked out, and say that it was taken.
---@param client vim.lsp.Client
---@param action lsp.CodeAction
---@param bufnr integer
local function apply(client, action, bufnr)
  vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  if action.command then
    client:exec_cmd(action.command, { bufnr = bufnr }, function(err)
      if err then
        server.say(server.error_text(err), 'WARN')
      end
    end)
  end
end

---@param client vim.lsp.Client
---@param action lsp.CodeAction
---@param bufnr integer
local function settle(client, action, bufnr)
  if not action.edit then
    -- The server has said what was tried.
    return
  end
  local summary = vim.tbl_get(action, 'data', 'verdict', 'summary') or 'not checked'
  if not require('ducktypist.config').get().confirm_edits then
    server.say(summary)
    apply(client, action, bufnr)
    return
  end
  local choices = { 'Apply', 'Leave it' }
  vim.ui.select(choices, { prompt = summary, kind = 'ducktypist_edit' }, function(choice)
    if choice == choices[1] then
      apply(client, action, bufnr)
    elseif choice == choices[2] then
      local id = vim.tbl_get(action, 'data', 'suggestion_id')
      if id then
        server.execute(client, 'dismissed', { id })
      end
    end
  end)
end

---@param client vim.lsp.Client
---@param action lsp.CodeAction
---@param bufnr integer
---@param what string
local function resolve(client, action, bufnr, what)
  if action.edit or not action.data then
    settle(client, action, bufnr)
    return
  end
  local ok, id = client:request('codeAction/resolve', action, function(err, result)
    running = nil
    if err then
      local is_cancelled = err.code == vim.lsp.protocol.ErrorCodes.RequestCancelled
      server.say(is_cancelled and (what .. ' was cancelled') or server.error_text(err), 'WARN')
    elseif result then
      settle(client, result, bufnr)
    end
  end, bufnr)
  running = ok and id and { client = client, id = id, what = what } or nil
end

---@class ducktypist.Wish
---@field kind string of the code action
---@field action string what its data says
---@field what string for messages

---@type ducktypist.Wish
local FIX = { kind = 'quickfix', action = 'fix', what = 'fixing the test' }
---@type ducktypist.Wish
local BODY = { kind = 'refactor.rewrite', action = 'body', what = 'writing the body' }

--- Work out the one action of a kind that is offered at a place, or the one that is chosen.
---@param client vim.lsp.Client
---@param bufnr integer
---@param place ducktypist.Place
---@param wish ducktypist.Wish
---@param on_none fun()
local function run(client, bufnr, place, wish, on_none)
  local params = {
    textDocument = { uri = place.uri },
    range = place.range,
    context = { diagnostics = place.diagnostics, only = { wish.kind }, triggerKind = 1 },
  }
  client:request('textDocument/codeAction', params, function(err, result)
    if err then
      server.say(server.error_text(err), 'ERROR')
      return
    end
    local actions = vim.tbl_filter(function(action)
      return vim.tbl_get(action, 'data', 'action') == wish.action
    end, result or {})
    if #actions == 0 then
      on_none()
    elseif #actions == 1 then
      resolve(client, actions[1], bufnr, wish.what)
    else
      vim.ui.select(actions, {
        prompt = 'Ducktypist: which one?',
        kind = 'ducktypist_action',
        format_item = function(action)
          return (action.title:gsub('^Ducktypist: ', ''))
        end,
      }, function(action)
        if action then
          resolve(client, action, bufnr, wish.what)
        end
      end)
    end
  end, bufnr)
end

--- Fix one of the tests that are red anywhere.
---@param client vim.lsp.Client
---@param bufnr integer
local function fix_elsewhere(client, bufnr)
  local none = 'no test is known to fail; run them with :Ducktypist tests'
  local red = red_tests()
  if #red == 0 then
    require('ducktypist.trust').offer(client, none)
    return
  end
  local function fix(diagnostic)
    local original = diagnostic.user_data.lsp
    local place = {
      uri = vim.uri_from_bufnr(diagnostic.bufnr),
      range = original.range,
      diagnostics = { original },
    }
    server.say('fixing ' .. tostring(diagnostic.code))
    run(client, bufnr, place, FIX, function()
      server.say(none, 'WARN')
    end)
  end
  if #red == 1 then
    fix(red[1])
    return
  end
  vim.ui.select(red, {
    prompt = 'No failing test belongs to this place. Fix which one?',
    kind = 'ducktypist_test',
    format_item = function(diagnostic)
      return tostring(diagnostic.code)
    end,
  }, function(diagnostic)
    if diagnostic then
      fix(diagnostic)
    end
  end)
end

--- Fix the failing test that the place of the cursor belongs to, or another one.
function M.fix()
  local client = server.required({ attached = true })
  if client then
    local bufnr = vim.api.nvim_get_current_buf()
    run(client, bufnr, place_of_cursor(client, bufnr), FIX, function()
      fix_elsewhere(client, bufnr)
    end)
  end
end

--- Write the body of the documented, empty function at the cursor.
function M.body()
  local client = server.required({ attached = true })
  if client then
    local bufnr = vim.api.nvim_get_current_buf()
    run(client, bufnr, place_of_cursor(client, bufnr), BODY, function()
      server.say('no documented function without a body is here; put the cursor into one', 'WARN')
    end)
  end
end

--- Remember a request that `:Ducktypist cancel` ends.
---@param client vim.lsp.Client
---@param id integer
---@param what string
function M.started(client, id, what)
  running = { client = client, id = id, what = what }
end

--- Forget it: it is over.
function M.ended()
  running = nil
end

--- Stop what is being worked out.
function M.cancel()
  if running and not running.client:is_stopped() then
    running.client:cancel_request(running.id)
    running = nil
  else
    server.say('nothing is being worked out')
  end
end

--- Turn ghost text on or off for this window, or for one language.
---@param first? string `on`, `off` or a language id
---@param language? string
function M.toggle(first, language)
  local client = server.required()
  if not client then
    return
  end
  local state = ({ on = true, off = false })[first]
  if first and state == nil then
    language = first
  end
  local arguments = {}
  if language then
    arguments = { { language = language, enabled = state } }
  elseif state ~= nil then
    arguments = { state }
  end
  server.execute(client, 'toggleCompletion', arguments, function(stands)
    if not stands.enabled then
      require('ducktypist.ghost').way().clear()
    end
    local off = stands.disabled_languages or {}
    local but = #off > 0 and (', but not in ' .. table.concat(off, ', ')) or ''
    server.say('ghost text is ' .. (stands.enabled and ('on' .. but) or 'off'))
  end)
end

return M

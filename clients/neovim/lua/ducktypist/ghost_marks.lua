-- Ghost text by extmarks: what Neovim 0.11 has no inline completion for.
-- It asks after each change and puts in what is accepted; `ghost_kept` holds it and draws.
-- The arithmetic is in `ghost_text`; how long to wait is the server's to know.

local M = {}

local api = vim.api
local function held()
  return require('ducktypist.ghost_kept')
end
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2

---@type {client: vim.lsp.Client, id: integer?}?
local pending
---@type uv.uv_timer_t?
local timer
---@type fun()? puts in what was accepted
local queued
---@type table<integer, true>
local attached = {}
local follows_cmp = false
--- Whether a menu kept a suggestion from being asked for.
local is_put_off = false

local function give_up_request()
  if timer then
    timer:stop()
  end
  if pending then
    local before = pending
    pending = nil
    if before.id and not before.client:is_stopped() then
      before.client:cancel_request(before.id)
    end
  end
end

---@param bufnr integer
---@param kind integer
local function ask(bufnr, kind)
  give_up_request()
  local client = vim.lsp.get_clients({ name = 'ducktypist', bufnr = bufnr })[1]
  if not client or api.nvim_get_current_buf() ~= bufnr then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params table
  params.context = { triggerKind = kind }
  local row, col = unpack(api.nvim_win_get_cursor(0))
  local asked = { row = row - 1, col = col, line = api.nvim_get_current_line() }
  local mine = { client = client }
  pending = mine
  local ok, id = client:request(METHOD, params, function(err, result)
    if pending ~= mine then
      return
    end
    pending = nil
    -- A failure stays out of the way of who types; the server's log has it.
    if not err and api.nvim_get_mode().mode:sub(1, 1) == 'i' then
      held().take(client, bufnr, result, asked)
    end
  end, bufnr)
  mine.id = ok and id or nil
end

---@param bufnr integer
local function ask_soon(bufnr)
  local options = require('ducktypist.config').get()
  is_put_off = options.hide_with_menu and require('ducktypist.ghost').menu_is_open()
  if is_put_off then
    give_up_request()
    return
  end
  if options.ghost_text_debounce_ms <= 0 then
    ask(bufnr, AUTOMATIC)
    return
  end
  give_up_request()
  timer = timer or assert(vim.uv.new_timer())
  timer:start(
    options.ghost_text_debounce_ms,
    0,
    vim.schedule_wrap(function()
      if api.nvim_get_mode().mode:sub(1, 1) == 'i' then
        ask(bufnr, AUTOMATIC)
      end
    end)
  )
end

--- Show again what a menu hid, or ask for what it kept from being asked for.
local function menu_closed()
  -- Some tell of the end while the menu is still there.
  vim.schedule(function()
    held().refresh()
    local bufnr = api.nvim_get_current_buf()
    local is_typing = attached[bufnr] and api.nvim_get_mode().mode:sub(1, 1) == 'i'
    if is_put_off and is_typing and not held().current() then
      ask_soon(bufnr)
    end
  end)
end

--- nvim-cmp opens its menu later than the text changes, and tells of it in a way of its own.
local function follow_cmp()
  local cmp = package.loaded['cmp']
  if cmp and cmp.event and not follows_cmp then
    follows_cmp = true
    cmp.event:on('menu_opened', held().refresh)
    cmp.event:on('menu_closed', menu_closed)
  end
end

--- Suggest in a buffer from now on.
---@param _ vim.lsp.Client
---@param bufnr integer
function M.attach(_, bufnr)
  if attached[bufnr] then
    return
  end
  attached[bufnr] = true
  local group = api.nvim_create_augroup('ducktypist.ghost.' .. bufnr, { clear = true })
  local function on(events, callback, pattern)
    api.nvim_create_autocmd(events, {
      group = group,
      buffer = not pattern and bufnr or nil,
      pattern = pattern,
      callback = callback,
    })
  end
  on({ 'TextChangedI', 'TextChangedP' }, function()
    held().refresh()
    ask_soon(bufnr)
  end)
  on('InsertEnter', function()
    -- The mode is not yet the new one.
    vim.schedule(function()
      follow_cmp()
      if api.nvim_get_mode().mode:sub(1, 1) == 'i' and api.nvim_get_current_buf() == bufnr then
        ask_soon(bufnr)
      end
    end)
  end)
  on({ 'CursorMovedI', 'CompleteChanged' }, held().refresh)
  on('CompleteDone', menu_closed)
  on({ 'InsertLeave', 'BufLeave', 'WinLeave' }, function()
    is_put_off = false
    give_up_request()
    held().forget()
  end)
  on('User', held().refresh, { 'BlinkCmpMenuOpen' })
  on('User', menu_closed, { 'BlinkCmpMenuClose' })
  on({ 'BufUnload', 'BufWipeout' }, function()
    attached[bufnr] = nil
    api.nvim_del_augroup_by_id(group)
    held().forget()
  end)
end

--- Put a part of the suggestion in, as one undo step that can be repeated.
---@param part 'all'|'word'|'line'
---@return boolean accepted false where nothing is shown
function M.accept(part)
  local kept = held().current()
  local rest = kept and held().left()
  if not kept or not rest then
    return false
  end
  local arithmetic = require('ducktypist.ghost_text')
  local item = kept.items[kept.index]
  local piece = part == 'all' and rest or arithmetic[part](rest)
  local client = vim.lsp.get_client_by_id(kept.client_id)
  local bufnr = kept.bufnr
  -- What is replaced goes with the last piece.
  local n_replaced = piece == rest and vim.fn.strchars(kept.replaced, true) or 0
  local command = item.command
  if part ~= 'all' and command then
    local n_units = arithmetic.utf16_length(piece, item.crlf)
    command = vim.tbl_extend('force', command, {
      arguments = { item.id, { accepted_length = n_units } },
    })
  end
  give_up_request()
  if piece == rest then
    held().forget()
  end
  queued = function()
    -- A paste is what Neovim repeats with `.`, and indents nothing.
    api.nvim_paste(piece, false, -1)
    if client and command and not client:is_stopped() then
      client:exec_cmd(command, { bufnr = bufnr }, function() end)
    end
  end
  -- As keys, so that it may be called where text cannot be changed (a map with `expr`), and comes
  -- before whatever was typed meanwhile. The first begins an undo step of its own.
  local put = '<Cmd>lua require("ducktypist.ghost_marks").put()<CR>'
  local keys = '<C-g>u' .. ('<Del>'):rep(n_replaced) .. put
  api.nvim_feedkeys(vim.keycode(keys), 'ni', false)
  return true
end

--- Put in what was accepted; the keys of `accept` call it.
function M.put()
  local work = queued
  queued = nil
  if work then
    work()
  end
end

--- Say that the suggestion is not wanted.
---@return boolean dismissed
function M.dismiss()
  give_up_request()
  local kept = held().current()
  if not kept then
    return false
  end
  local client = vim.lsp.get_client_by_id(kept.client_id)
  local id = kept.items[kept.index].id
  local bufnr = kept.bufnr
  held().forget()
  if client and id then
    local command = { title = 'Ducktypist: dismissed', command = 'ducktypist.dismissed' }
    command.arguments = { id }
    client:exec_cmd(command, { bufnr = bufnr }, function() end)
  end
  return true
end

--- Show the next of several suggestions, or ask for one without waiting.
function M.next()
  if not held().next() then
    ask(api.nvim_get_current_buf(), INVOKED)
  end
end

--- Return what is shown, nil where nothing is.
---@return string?
function M.text()
  return held().text()
end

--- Show nothing, until something is typed again.
function M.clear()
  give_up_request()
  held().forget()
end

return M

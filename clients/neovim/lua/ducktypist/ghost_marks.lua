-- Ghost text by extmarks: what Neovim 0.11 has no inline completion for.
-- It asks after each change, shows what comes, shortens it while it is typed, and puts it in.
-- The arithmetic is in `ghost_text`; how long to wait is the server's to know.

local M = {}

local api = vim.api
local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2

---@class ducktypist.Kept
---@field bufnr integer
---@field client_id integer
---@field row integer 0-based
---@field col integer byte
---@field before string the line before the suggestion's place
---@field replaced string what stood behind the place and will be replaced
---@field after string the rest of the line
---@field items ducktypist.Item[]
---@field index integer

---@class ducktypist.Item
---@field text string
---@field crlf boolean
---@field command lsp.Command
---@field id string

---@type ducktypist.Kept?
local kept
---@type {client: vim.lsp.Client, id: integer?}?
local pending
---@type {bufnr: integer, text: string}? what is on the screen
local shown
---@type uv.uv_timer_t?
local timer
---@type fun()? puts in what was accepted
local queued
---@type table<integer, true>
local attached = {}
local follows_cmp = false

local function namespace()
  return api.nvim_create_namespace('ducktypist.ghost')
end

local function hide()
  if shown then
    if api.nvim_buf_is_valid(shown.bufnr) then
      api.nvim_buf_clear_namespace(shown.bufnr, namespace(), 0, -1)
    end
    shown = nil
  end
end

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

local function forget()
  kept = nil
  hide()
end

--- Return what is left of the suggestion at the cursor; nil where it does not hold there.
---@return string? rest
---@return integer row 0-based
---@return integer col byte
local function left()
  local row, col = unpack(api.nvim_win_get_cursor(0))
  row = row - 1
  if not kept or api.nvim_get_current_buf() ~= kept.bufnr then
    return nil, row, col
  end
  if row < kept.row or (row == kept.row and col < kept.col) then
    return nil, row, col
  end
  local line = api.nvim_buf_get_lines(kept.bufnr, row, row + 1, false)[1] or ''
  local first = api.nvim_buf_get_lines(kept.bufnr, kept.row, kept.row + 1, false)[1] or ''
  if first:sub(1, kept.col) ~= kept.before or line:sub(col + 1) ~= kept.replaced .. kept.after then
    return nil, row, col
  end
  local ok, typed = pcall(api.nvim_buf_get_text, kept.bufnr, kept.row, kept.col, row, col, {})
  if not ok then
    return nil, row, col
  end
  local text = kept.items[kept.index].text
  return require('ducktypist.ghost_text').rest(text, table.concat(typed, '\n')), row, col
end

---@param rest string
---@param row integer
---@param col integer
local function draw(rest, row, col)
  local arithmetic = require('ducktypist.ghost_text')
  local options = require('ducktypist.config').get()
  local layout = arithmetic.layout(rest, kept.replaced, kept.after)
  local tabstop = vim.bo[kept.bufnr].tabstop
  local highlight = options.ghost_text_highlight
  local line = api.nvim_buf_get_lines(kept.bufnr, row, row + 1, false)[1] or ''
  local column = vim.fn.strdisplaywidth(line:sub(1, col))
  local below = {}
  for _, text in ipairs(layout.below) do
    table.insert(below, { { arithmetic.expanded(text, 0, tabstop), highlight } })
  end
  local inline = arithmetic.expanded(layout.inline, column, tabstop)
  hide()
  api.nvim_buf_set_extmark(kept.bufnr, namespace(), row, col, {
    virt_text = inline ~= '' and { { inline, highlight } } or nil,
    virt_text_pos = inline ~= '' and (layout.covers and 'overlay' or 'inline') or nil,
    virt_lines = #below > 0 and below or nil,
    hl_mode = 'combine',
  })
  shown = { bufnr = kept.bufnr, text = rest }
end

--- Show what is left of the suggestion, or nothing.
local function refresh()
  local rest, row, col = left()
  if not rest then
    forget()
    return
  end
  if api.nvim_get_mode().mode:sub(1, 1) ~= 'i' then
    hide()
    return
  end
  local options = require('ducktypist.config').get()
  if options.hide_with_menu and require('ducktypist.ghost').menu_is_open() then
    hide()
    return
  end
  draw(rest, row, col)
end

---@param client vim.lsp.Client
---@param bufnr integer
---@param result lsp.InlineCompletionList|lsp.InlineCompletionItem[]|nil
---@param asked {row: integer, col: integer, line: string}
local function take(client, bufnr, result, asked)
  local found = result and (result.items or result) or {}
  local first = found[1]
  if not first then
    forget()
    return
  end
  local from, to = asked.col, asked.col
  if first.range then
    local start, stop = first.range.start, first.range['end']
    if start.line ~= asked.row or stop.line ~= asked.row then
      -- A suggestion that replaces several lines cannot be shown at the cursor.
      forget()
      return
    end
    local encoding = client.offset_encoding
    from = vim.str_byteindex(asked.line, encoding, start.character, false)
    to = vim.str_byteindex(asked.line, encoding, stop.character, false)
  end
  local items = {}
  for _, item in ipairs(found) do
    local text = type(item.insertText) == 'table' and item.insertText.value or item.insertText
    local plain, crlf = require('ducktypist.ghost_text').normalised(text)
    table.insert(items, {
      text = plain,
      crlf = crlf,
      command = item.command,
      id = vim.tbl_get(item, 'command', 'arguments', 1),
    })
  end
  kept = {
    bufnr = bufnr,
    client_id = client.id,
    row = asked.row,
    col = from,
    before = asked.line:sub(1, from),
    replaced = asked.line:sub(math.max(from, asked.col) + 1, to),
    after = asked.line:sub(to + 1),
    items = items,
    index = 1,
  }
  refresh()
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
      take(client, bufnr, result, asked)
    end
  end, bufnr)
  mine.id = ok and id or nil
end

---@param bufnr integer
local function ask_soon(bufnr)
  local options = require('ducktypist.config').get()
  if options.hide_with_menu and require('ducktypist.ghost').menu_is_open() then
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

--- nvim-cmp opens its menu later than the text changes, and tells of it in a way of its own.
local function follow_cmp()
  local cmp = package.loaded['cmp']
  if cmp and cmp.event and not follows_cmp then
    follows_cmp = true
    cmp.event:on('menu_opened', refresh)
    cmp.event:on('menu_closed', refresh)
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
    refresh()
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
  on({ 'CursorMovedI', 'CompleteChanged' }, refresh)
  on('CompleteDone', function()
    vim.schedule(refresh)
  end)
  on({ 'InsertLeave', 'BufLeave', 'WinLeave' }, function()
    give_up_request()
    forget()
  end)
  on('User', refresh, { 'BlinkCmpMenuOpen', 'BlinkCmpMenuClose' })
  on({ 'BufUnload', 'BufWipeout' }, function()
    attached[bufnr] = nil
    api.nvim_del_augroup_by_id(group)
    forget()
  end)
end

--- Put a part of the suggestion in, as one undo step that can be repeated.
---@param part 'all'|'word'|'line'
---@return boolean accepted false where nothing is shown
function M.accept(part)
  local rest = shown and left()
  if not rest or not kept then
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
    forget()
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
  if not kept or not shown then
    return false
  end
  local client = vim.lsp.get_client_by_id(kept.client_id)
  local id = kept.items[kept.index].id
  local bufnr = kept.bufnr
  forget()
  if client and id then
    local command = { title = 'Ducktypist: dismissed', command = 'ducktypist.dismissed' }
    command.arguments = { id }
    client:exec_cmd(command, { bufnr = bufnr }, function() end)
  end
  return true
end

--- Show the next of several suggestions, or ask for one without waiting.
function M.next()
  if kept and shown and #kept.items > 1 then
    kept.index = kept.index % #kept.items + 1
    refresh()
  else
    ask(api.nvim_get_current_buf(), INVOKED)
  end
end

--- Return what is shown, nil where nothing is.
---@return string?
function M.text()
  return shown and shown.text
end

--- Show nothing, until something is typed again.
function M.clear()
  give_up_request()
  forget()
end

return M

-- The suggestion that is held and what of it is on the screen, on Neovim 0.11.
-- It draws, and shortens what it drew while it is typed. Asking and accepting are `ghost_marks`'.

local M = {}

local api = vim.api

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
---@type {bufnr: integer, text: string}? what is on the screen
local shown

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

--- Let go of the suggestion.
function M.forget()
  kept = nil
  hide()
end

--- Return what is left of the suggestion at the cursor; nil where it does not hold there.
---@return string? rest
---@return integer row 0-based
---@return integer col byte
function M.left()
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
function M.refresh()
  local rest, row, col = M.left()
  if not rest then
    M.forget()
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

--- Hold what the server answered, and show it.
---@param client vim.lsp.Client
---@param bufnr integer
---@param result lsp.InlineCompletionList|lsp.InlineCompletionItem[]|nil
---@param asked {row: integer, col: integer, line: string}
function M.take(client, bufnr, result, asked)
  local found = result and (result.items or result) or {}
  local first = found[1]
  if not first then
    M.forget()
    return
  end
  local from, to = asked.col, asked.col
  if first.range then
    local start, stop = first.range.start, first.range['end']
    if start.line ~= asked.row or stop.line ~= asked.row then
      -- A suggestion that replaces several lines cannot be shown at the cursor.
      M.forget()
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
  M.refresh()
end

--- Show the next of several suggestions.
---@return boolean shown false where there is no other
function M.next()
  if kept and shown and #kept.items > 1 then
    kept.index = kept.index % #kept.items + 1
    M.refresh()
    return true
  end
  return false
end

--- Return the suggestion, nil where none is shown.
---@return ducktypist.Kept?
function M.current()
  return shown and kept
end

--- Return what is shown, nil where nothing is.
---@return string?
function M.text()
  return shown and shown.text
end

return M

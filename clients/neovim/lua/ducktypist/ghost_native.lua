-- Ghost text by Neovim's own `vim.lsp.inline_completion`, from 0.12 on.
-- What that lacks is done here: parts of a suggestion, and telling that one is not wanted.

local M = {}

local api = vim.api
local NAMESPACE = 'nvim.lsp.inline_completion'

--- Suggest in a buffer from now on.
---@param _ vim.lsp.Client
---@param bufnr integer
function M.attach(_, bufnr)
  -- Neovim turns it on where both buffer and client say so, and clients do unless told otherwise.
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
end

--- Return a command about a part of a suggestion.
---@param command lsp.Command?
---@param name string
---@param extra? table
---@return lsp.Command?
local function about(command, name, extra)
  local id = vim.tbl_get(command or {}, 'arguments', 1)
  return id and { title = name, command = name, arguments = { id, extra } } or nil
end

---@param client_id integer
---@param command lsp.Command?
---@param bufnr integer
local function tell(client_id, command, bufnr)
  local client = vim.lsp.get_client_by_id(client_id)
  if client and command then
    client:exec_cmd(command, { bufnr = bufnr }, function() end)
  end
end

--- Return what stands between a suggestion's place and the cursor: it may have been typed along.
---@param bufnr integer
---@param range? vim.Range
---@return string
local function typed_since(bufnr, range)
  if not range then
    return ''
  end
  -- Named in one way in 0.12, in another later.
  local row = range.start_row or range.start.row
  local col = range.start_col or range.start.col
  local cursor_row, cursor_col = unpack(api.nvim_win_get_cursor(0))
  local ok, lines = pcall(api.nvim_buf_get_text, bufnr, row, col, cursor_row - 1, cursor_col, {})
  return ok and table.concat(lines, '\n') or ''
end

--- Put a word or a line of a suggestion in.
---@param item vim.lsp.inline_completion.Item
---@param part 'word'|'line'
local function put(item, part)
  local arithmetic = require('ducktypist.ghost_text')
  local text = type(item.insert_text) == 'string' and item.insert_text or item.insert_text.value
  local plain, crlf = arithmetic.normalised(text)
  local bufnr = api.nvim_get_current_buf()
  local rest = arithmetic.rest(plain, typed_since(bufnr, item.range))
  if not rest then
    return
  end
  local piece = arithmetic[part](rest)
  api.nvim_paste(piece, false, -1)
  local units = arithmetic.utf16_length(piece, crlf)
  local command = about(item.command, 'ducktypist.accepted', { accepted_length = units })
  tell(item.client_id, command, bufnr)
end

--- Accept the suggestion that is shown, or a part of it.
---@param part 'all'|'word'|'line'
---@return boolean accepted
function M.accept(part)
  if part == 'all' then
    return vim.lsp.inline_completion.get()
  end
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      if vim.lsp.get_client_by_id(item.client_id).name == 'ducktypist' then
        put(item, part)
      end
    end,
  })
end

--- Say that the suggestion is not wanted.
---@return boolean dismissed
function M.dismiss()
  local bufnr = api.nvim_get_current_buf()
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      tell(item.client_id, about(item.command, 'ducktypist.dismissed'), bufnr)
    end,
  })
end

--- Show the next suggestion.
function M.next()
  vim.lsp.inline_completion.select()
end

--- Return what is shown, nil where nothing is.
---@return string?
function M.text()
  local namespace = api.nvim_get_namespaces()[NAMESPACE]
  local marks = namespace and api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
  local details = vim.tbl_get(marks or {}, 1, 4)
  if not details then
    return nil
  end
  local lines = { details.virt_text or {} }
  vim.list_extend(lines, details.virt_lines or {})
  local texts = vim.tbl_map(function(chunks)
    return table.concat(vim.tbl_map(function(chunk)
      return chunk[1]
    end, chunks))
  end, lines)
  return table.concat(texts, '\n')
end

--- Show nothing, until something is typed again.
function M.clear()
  local namespace = api.nvim_get_namespaces()[NAMESPACE]
  if namespace then
    api.nvim_buf_clear_namespace(0, namespace, 0, -1)
  end
end

return M

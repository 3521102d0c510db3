-- What Neovim 0.11 leaves out when an entry of its completion menu is chosen: it inserts a text up
-- to its first white space, and after 'omnifunc' alone it does not run the entry's command.
-- Other plugins' menus do all of it themselves.

local M = {}

---@type table<integer, true>
local attached = {}

--- Return what is missing behind the word that was inserted.
---@param item lsp.CompletionItem
---@param before string the line before the cursor
---@return string? rest nil where nothing is missing
function M.missing(item, before)
  local text = vim.tbl_get(item, 'textEdit', 'newText')
  local snippet = vim.lsp.protocol.InsertTextFormat.Snippet
  if type(text) ~= 'string' or item.insertTextFormat == snippet then
    return nil
  end
  local word = text:match('^%S*')
  local rest = text:sub(#word + 1)
  return rest ~= '' and vim.endswith(before, word) and rest or nil
end

--- Tell whether Neovim runs the commands of entries itself, as after `vim.lsp.completion.enable`.
---@param bufnr integer
---@return boolean
local function runs_commands(bufnr)
  local group = 'nvim.lsp.completion_' .. bufnr
  local ok, found = pcall(vim.api.nvim_get_autocmds, {
    group = group,
    event = 'CompleteDone',
    buffer = bufnr,
  })
  return ok and #found > 0
end

local function completed()
  local lsp = vim.tbl_get(vim.v.completed_item, 'user_data', 'nvim', 'lsp')
  local client = lsp and vim.lsp.get_client_by_id(lsp.client_id)
  if not client or client.name ~= 'ducktypist' or vim.v.event.reason ~= 'accept' then
    return
  end
  local col = vim.api.nvim_win_get_cursor(0)[2]
  local rest = M.missing(lsp.completion_item, vim.api.nvim_get_current_line():sub(1, col))
  if rest then
    vim.api.nvim_paste(rest, false, -1)
  end
  local command, bufnr = lsp.completion_item.command, vim.api.nvim_get_current_buf()
  if command and not runs_commands(bufnr) then
    client:exec_cmd(command, { bufnr = bufnr }, function() end)
  end
end

--- Put in what is missing, in a buffer.
---@param bufnr integer
function M.attach(bufnr)
  if attached[bufnr] or vim.fn.has('nvim-0.12') == 1 then
    return
  end
  attached[bufnr] = true
  local group = vim.api.nvim_create_augroup('ducktypist.menu.' .. bufnr, { clear = true })
  vim.api.nvim_create_autocmd('CompleteDone', {
    group = group,
    buffer = bufnr,
    callback = completed,
  })
  vim.api.nvim_create_autocmd({ 'BufUnload', 'BufWipeout' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      attached[bufnr] = nil
      vim.api.nvim_del_augroup_by_id(group)
    end,
  })
end

return M

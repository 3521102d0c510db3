-- When code lenses are asked for again; what they say and do is the server's.

local M = {}

---@type table<integer, integer> client by buffer
local attached = {}
---@type table<integer, true> buffers whose lenses are on their way
local asked = {}

--- Keep the lenses of a buffer up to date.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if attached[bufnr] == client.id then
    return
  end
  local is_new = attached[bufnr] == nil
  attached[bufnr] = client.id
  if vim.lsp.codelens.enable then
    -- Later Neovims follow the buffer themselves.
    vim.lsp.codelens.enable(true, { bufnr = bufnr })
    return
  end
  M.refresh_buffer(client, bufnr)
  if not is_new then
    return
  end
  local group = vim.api.nvim_create_augroup('ducktypist.lens.' .. bufnr, { clear = true })
  vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave', 'BufWritePost', 'CursorHold' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      local mine = vim.lsp.get_clients({ name = 'ducktypist', bufnr = bufnr })[1]
      if mine then
        M.refresh_buffer(mine, bufnr)
      end
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufUnload', 'BufWipeout' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      attached[bufnr], asked[bufnr] = nil, nil
      vim.api.nvim_del_augroup_by_id(group)
    end,
  })
end

--- Ask for the lenses of one buffer, of our server alone.
---@param client vim.lsp.Client
---@param bufnr integer
function M.refresh_buffer(client, bufnr)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return
  end
  if asked[bufnr] then
    return
  end
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  asked[bufnr] = client:request('textDocument/codeLens', params, function(err, result, ctx)
    asked[bufnr] = nil
    if not err and vim.api.nvim_buf_is_loaded(bufnr) then
      vim.lsp.codelens.on_codelens(nil, result, ctx)
    end
  end, bufnr) or nil
end

--- Ask for the lenses of all buffers of a client: tests turned red or green.
---@param client_id integer
function M.refresh(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  if not client or not require('ducktypist.config').get().code_lens then
    return
  end
  for bufnr in pairs(client.attached_buffers) do
    -- What is on its way may be of before.
    asked[bufnr] = nil
    M.refresh_buffer(client, bufnr)
  end
end

return M

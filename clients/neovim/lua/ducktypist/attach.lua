-- What happens when the server gets to know a buffer: ghost text and code lenses are turned on.
-- It may be called twice for a buffer: by `on_attach` and by LspAttach.

local M = {}

--- Highlight groups, which a colour scheme may have set already.
local function define_highlights()
  local links = {
    DucktypistGhost = vim.fn.hlexists('ComplHint') == 1 and 'ComplHint' or 'NonText',
    DucktypistHeading = 'Title',
    DucktypistProvenance = 'Comment',
  }
  for name, link in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = link, default = true })
  end
end

--- Turn on what belongs to a buffer.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  define_highlights()
  require('ducktypist.menu_rest').attach(bufnr)
  local options = require('ducktypist.config').get()
  if options.ghost_text and client.server_capabilities.inlineCompletionProvider then
    require('ducktypist.ghost').way().attach(client, bufnr)
  end
  if options.code_lens and client.server_capabilities.codeLensProvider then
    require('ducktypist.lens').attach(client, bufnr)
  end
end

return M

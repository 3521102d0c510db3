-- Which ghost text this Neovim has: its own from 0.12 on, extmarks of ours before that.

local M = {}

--- Tell whether Neovim's own inline completion is used.
---@return boolean
function M.is_native()
  return vim.lsp.inline_completion ~= nil and require('ducktypist.config').get().ghost_text_native
end

--- Return the module that shows suggestions; both have the same functions.
---@return table
function M.way()
  return M.is_native() and require('ducktypist.ghost_native') or require('ducktypist.ghost_marks')
end

--- Tell whether a completion menu is open: Neovim's own, blink.cmp's or nvim-cmp's.
---@return boolean
function M.menu_is_open()
  if vim.fn.pumvisible() == 1 then
    return true
  end
  local blink = package.loaded['blink.cmp']
  local is_open = blink and (blink.is_menu_visible or blink.is_visible)
  if is_open and is_open() then
    return true
  end
  local cmp = package.loaded['cmp']
  -- `cmp.visible` waits until its sources have answered, and lets other things happen meanwhile.
  local view = vim.tbl_get(cmp or {}, 'core', 'view')
  if view and view.visible then
    return view:visible() == true
  end
  return cmp ~= nil and cmp.visible ~= nil and cmp.visible() == true
end

return M

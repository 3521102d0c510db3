-- Scratch buffers in a split: explanations, tables, the status. What stands in them is others'.

local M = {}

local COMMANDS = {
  right = 'botright vsplit',
  left = 'topleft vsplit',
  below = 'botright split',
  above = 'topleft split',
  tab = 'tab split',
}

---@class ducktypist.Pane
---@field bufnr integer
---@field window integer

--- Open a scratch buffer of a name, or the one that is there already, without going into it.
---@param name string such as `explain`
---@param options? {on_close?: fun(), keys?: table<string, fun()>, enter?: boolean}
---@return ducktypist.Pane
function M.open(name, options)
  options = options or {}
  local title = 'ducktypist://' .. name
  local bufnr = vim.fn.bufnr('^' .. vim.fn.escape(title, '\\^$.*~[]') .. '$')
  if bufnr == -1 then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, title)
    vim.bo[bufnr].buftype = 'nofile'
    vim.bo[bufnr].bufhidden = 'wipe'
    vim.bo[bufnr].swapfile = false
    vim.bo[bufnr].modifiable = false
  end
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    local before = vim.api.nvim_get_current_win()
    local split = require('ducktypist.config').get().split
    vim.cmd('keepalt noautocmd ' .. COMMANDS[split])
    window = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(window, bufnr)
    vim.wo[window][0].wrap = true
    vim.wo[window][0].linebreak = true
    vim.wo[window][0].number = false
    vim.wo[window][0].relativenumber = false
    vim.wo[window][0].signcolumn = 'no'
    vim.wo[window][0].conceallevel = 2
    if not options.enter then
      vim.api.nvim_set_current_win(before)
    end
  end
  if vim.bo[bufnr].filetype ~= 'markdown' then
    vim.bo[bufnr].filetype = 'markdown'
  end
  local function map(key, action, desc)
    vim.keymap.set('n', key, action, { buffer = bufnr, nowait = true, desc = desc })
  end
  map('q', function()
    vim.api.nvim_buf_delete(bufnr, { force = true })
  end, 'Ducktypist: close')
  for key, action in pairs(options.keys or {}) do
    map(key, action, 'Ducktypist: again')
  end
  if options.on_close then
    vim.api.nvim_create_autocmd('BufWipeout', {
      buffer = bufnr,
      once = true,
      callback = options.on_close,
    })
  end
  return { bufnr = bufnr, window = window }
end

--- Tell whether a pane is still there.
---@param pane ducktypist.Pane
---@return boolean
function M.is_open(pane)
  return vim.api.nvim_buf_is_valid(pane.bufnr)
end

--- Set the whole text of a pane.
---@param pane ducktypist.Pane
---@param text string
function M.set(pane, text)
  if M.is_open(pane) then
    local lines = vim.split(text, '\r?\n')
    vim.bo[pane.bufnr].modifiable = true
    vim.api.nvim_buf_set_lines(pane.bufnr, 0, -1, false, lines)
    vim.bo[pane.bufnr].modifiable = false
    vim.bo[pane.bufnr].modified = false
  end
end

--- Add a passage below what is there, after an empty line.
---@param pane ducktypist.Pane
---@param text string
function M.append(pane, text)
  if M.is_open(pane) then
    local lines = vim.split(text, '\r?\n')
    local n_lines = vim.api.nvim_buf_line_count(pane.bufnr)
    local is_empty = n_lines == 1 and vim.api.nvim_buf_get_lines(pane.bufnr, 0, 1, false)[1] == ''
    vim.bo[pane.bufnr].modifiable = true
    if is_empty then
      vim.api.nvim_buf_set_lines(pane.bufnr, 0, -1, false, lines)
    else
      table.insert(lines, 1, '')
      vim.api.nvim_buf_set_lines(pane.bufnr, -1, -1, false, lines)
    end
    vim.bo[pane.bufnr].modifiable = false
    vim.bo[pane.bufnr].modified = false
  end
end

return M

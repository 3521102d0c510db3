-- The explanation in a split, passage by passage as the server makes them.
-- It asks and shows; the text is the model's and is shown as text, whatever it says.

local M = {}

local METHOD = 'ducktypist/explain'

---@class ducktypist.Explaining
---@field token string
---@field client vim.lsp.Client
---@field params table to ask again
---@field bufnr integer
---@field request_id integer?
---@field pane ducktypist.Pane? opened when there is something to show
---@field is_empty boolean whether nothing of this explanation is in the pane yet

---@type table<string, ducktypist.Explaining>
local running = {}
local n_asked = 0

---@param one ducktypist.Explaining
local function cancel(one)
  running[one.token] = nil
  if one.request_id and not one.client:is_stopped() then
    one.client:cancel_request(one.request_id)
  end
end

---@type fun(client: vim.lsp.Client, params: table, bufnr: integer, pane?: ducktypist.Pane)
local ask

---@param one ducktypist.Explaining
local function open_pane(one)
  one.pane = require('ducktypist.pane').open('explain', {
    keys = {
      r = function()
        if one.client:is_stopped() then
          require('ducktypist.server').say('the server is gone; explain the place again', 'WARN')
        else
          local again = vim.tbl_extend('force', one.params, { fresh = true })
          ask(one.client, again, one.bufnr, one.pane)
        end
      end,
    },
    on_close = function()
      if running[one.token] then
        cancel(one)
      end
    end,
  })
end

---@param one ducktypist.Explaining
---@param markdown string
local function show(one, markdown)
  if one.is_empty then
    open_pane(one)
    require('ducktypist.pane').set(one.pane, markdown)
    one.is_empty = false
  else
    require('ducktypist.pane').append(one.pane, markdown)
  end
end

--- Take a progress value if it is a passage of an explanation.
---@param params lsp.ProgressParams
---@return boolean taken false where it is someone else's
function M.passage(params)
  local token = params and params.token
  if type(token) ~= 'string' or not vim.startswith(token, 'ducktypist-explain-') then
    return false
  end
  local one, value = running[token], params.value
  if one and type(value) == 'table' and type(value.markdown) == 'string' then
    show(one, value.markdown)
  end
  return true
end

---@param one ducktypist.Explaining
---@param err lsp.ResponseError?
---@param result any
local function answered(one, err, result)
  if running[one.token] ~= one then
    return
  end
  running[one.token] = nil
  local server = require('ducktypist.server')
  if err then
    local text = 'there is no explanation: ' .. server.error_text(err)
    if one.is_empty then
      server.say(text, 'ERROR')
    else
      show(one, '**' .. text .. '**')
    end
    return
  end
  local markdown = type(result) == 'table' and result.markdown or ''
  if markdown ~= '' then
    show(one, markdown)
  elseif one.is_empty then
    server.say('there is nothing to explain here')
  end
end

function ask(client, params, bufnr, pane)
  for _, one in pairs(running) do
    cancel(one)
  end
  n_asked = n_asked + 1
  local token = 'ducktypist-explain-' .. n_asked
  ---@type ducktypist.Explaining
  local one = {
    token = token,
    client = client,
    params = params,
    bufnr = bufnr,
    pane = pane,
    is_empty = true,
  }
  running[token] = one
  if pane then
    require('ducktypist.pane').set(pane, '*being explained again …*')
  end
  local request = vim.tbl_extend('force', params, { partialResultToken = token })
  local ok, id = client:request(METHOD, request, function(err, result)
    answered(one, err, result)
  end, bufnr)
  one.request_id = ok and id or nil
end

--- Explain the place of the cursor, or some lines.
---@param lines? {first: integer, last: integer} 1-based
function M.explain(lines)
  local client = require('ducktypist.server').required({ attached = true })
  if not client then
    return
  end
  local bufnr = vim.api.nvim_get_current_buf()
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  if lines then
    local last = vim.api.nvim_buf_get_lines(bufnr, lines.last - 1, lines.last, false)[1] or ''
    local width = vim.str_utfindex(last, client.offset_encoding)
    params.range = {
      start = { line = lines.first - 1, character = 0 },
      ['end'] = { line = lines.last - 1, character = width },
    }
  else
    params.position = vim.lsp.util.make_position_params(0, client.offset_encoding).position
  end
  ask(client, params, bufnr)
end

return M

-- The ledger's table as Markdown. Pure: what `ducktypist.stats` gives in, text out.

local M = {}

---@param value any
---@return any
local function known(value)
  return value ~= vim.NIL and value or nil
end

---@param ms any
---@return string
local function seconds(ms)
  ms = known(ms)
  return ms and ('%.1f s'):format(ms / 1000) or '-'
end

---@param rows string[][] the head first
---@return string
function M.table_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for column, cell in ipairs(row) do
      widths[column] = math.max(widths[column] or 3, vim.fn.strdisplaywidth(cell))
    end
  end
  local lines = {}
  for i, row in ipairs(rows) do
    local cells = {}
    for column, cell in ipairs(row) do
      local missing = widths[column] - vim.fn.strdisplaywidth(cell)
      table.insert(cells, cell .. (' '):rep(missing))
    end
    table.insert(lines, '| ' .. table.concat(cells, ' | ') .. ' |')
    if i == 1 then
      local rules = vim.tbl_map(function(width)
        return ('-'):rep(width)
      end, widths)
      table.insert(lines, '| ' .. table.concat(rules, ' | ') .. ' |')
    end
  end
  return table.concat(lines, '\n')
end

---@param cell table
---@return string
local function right(cell)
  local n_verified = known(cell.n_verified) or 0
  if n_verified == 0 then
    return '-'
  end
  local percent = require('ducktypist.words').percent
  local said = ('%d of %d'):format(cell.n_right, n_verified)
  local low, high = known(cell.right_low), known(cell.right_high)
  if low and high then
    said = ('%s (%s to %s)'):format(said, percent(low), percent(high))
  end
  return known(cell.too_few) and (said .. ', too few') or said
end

--- Return the table, and what the ledger says about itself.
---@param stats table
---@return string
function M.markdown(stats)
  local parts = { '# What suggestions turned out to be worth' }
  local n_all, n_verified = known(stats.n_suggestions) or 0, known(stats.n_verified) or 0
  table.insert(parts, ('%d suggestions, %d of them verified.'):format(n_all, n_verified))
  local rows = {
    { 'model', 'quant', 'kind', 'language', 'n', 'verified', 'right (95 %)', 'p50', 'p95' },
  }
  for _, cell in ipairs(stats.cells or {}) do
    table.insert(rows, {
      tostring(known(cell.model) or '?'),
      known(cell.quantisation or nil) ~= '' and tostring(known(cell.quantisation) or '?') or '?',
      tostring(known(cell.kind) or '?'),
      tostring(known(cell.language) or '?'),
      tostring(known(cell.n_suggestions) or 0),
      tostring(known(cell.n_verified) or 0),
      right(cell),
      seconds(cell.total_p50_ms),
      seconds(cell.total_p95_ms),
    })
  end
  if #rows > 1 then
    table.insert(parts, M.table_of(rows))
  end
  if known(stats.note) and stats.note ~= '' then
    table.insert(parts, stats.note)
  end
  table.insert(parts, 'Ledger: ' .. tostring(known(stats.ledger) or 'none'))
  return table.concat(parts, '\n\n')
end

return M

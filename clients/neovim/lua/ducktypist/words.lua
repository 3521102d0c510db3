-- The words for what the model is doing, and for the status. Pure: tables in, text out.

local M = {}

local NAME = 'Ducktypist'
local MAX_NAME_CHARS = 18
local STATES = { starting = 'loading', stopped = 'resting' }
local TROUBLE = { missing = NAME .. ': no model here', failed = NAME .. ': model failed' }

---@param value any
---@return any value nil for JSON's null
local function known(value)
  if value == vim.NIL then
    return nil
  end
  return value
end

--- Return a share as a percentage without decimals.
---@param share number
---@return string
function M.percent(share)
  return ('%d %%'):format(math.floor(share * 100 + 0.5))
end

--- Return what came of today's suggestions: no share where there is too little to go by.
---@param today? table
---@return string
function M.score(today)
  today = known(today)
  if not today or (known(today.suggestions) or 0) == 0 then
    return ''
  end
  local share = known(today.share)
  if today.verified == 0 or not share then
    return 'none verified'
  end
  if today.too_few then
    return ('%d of %d right, too few'):format(today.right, today.verified)
  end
  return ('right %s of %d'):format(M.percent(share), today.verified)
end

--- Return a model's size and quantisation, or as much of its name as there is room for.
---@param model any
---@param quantisation any
---@return string
function M.short_name(model, quantisation)
  model, quantisation = known(model), known(quantisation) or ''
  if not model then
    return NAME
  end
  local name = vim.fs.basename(model):gsub('%.[gG][gG][uU][fF]$', '')
  local short = (' ' .. name):match('[^%w.](%d+%.?%d*[bBmM])%f[^%w]')
  if short then
    short = short:lower()
  else
    if quantisation ~= '' and vim.endswith(name:lower(), quantisation:lower()) then
      local rest = name:sub(1, #name - #quantisation):gsub('[-_.]+$', '')
      name = rest ~= '' and rest or name
    end
    local is_long = vim.fn.strchars(name) > MAX_NAME_CHARS
    short = is_long and (vim.fn.strcharpart(name, 0, MAX_NAME_CHARS - 1) .. '…') or name
  end
  local has_none = quantisation == '' or quantisation == 'none'
  return has_none and short or (short .. ' ' .. quantisation)
end

---@param activity table
---@return string
local function doing(activity)
  local state = STATES[activity.state] or activity.state
  local tok_s = known(activity.tok_s)
  if not tok_s or (activity.state ~= 'reading' and activity.state ~= 'writing') then
    return state
  end
  return (tok_s < 10 and '%s %.1f tok/s' or '%s %.0f tok/s'):format(state, tok_s)
end

--- Return the words of a statusline, the same as in VS Code.
---@param activity table what `ducktypist/activity` says
---@return string
function M.statusline(activity)
  if TROUBLE[activity.state] then
    return TROUBLE[activity.state]
  end
  local speed = known(activity.speed)
  local parts = {
    M.short_name(activity.model, activity.quantisation),
    doing(activity),
    speed ~= 'not measured' and speed or '',
    M.score(activity.today),
  }
  return table.concat(
    vim.tbl_filter(function(part)
      return part ~= ''
    end, parts),
    ' · '
  )
end

---@param title string
---@param rows string[]
---@return string
local function section(title, rows)
  return ('## %s\n\n%s'):format(title, table.concat(rows, '\n'))
end

---@param name string
---@param value any
---@return string
local function row(name, value)
  return ('- %s: %s'):format(name, tostring(value))
end

---@param engine table
---@param wanted? string
---@return string[]
local function engine_rows(engine, wanted)
  local rows = { row('state', engine.state or 'unknown') }
  local model = known(engine.model)
  table.insert(rows, row('model', model or ((wanted or 'none') .. ' (not loaded)')))
  if known(engine.quantisation) then
    table.insert(rows, row('quantisation', engine.quantisation))
  end
  if known(engine.backend) then
    table.insert(rows, row('backend', engine.backend))
  end
  if known(engine.last_error) and engine.last_error ~= '' then
    table.insert(rows, row('last error', engine.last_error))
  end
  if known(engine.log_file) then
    table.insert(rows, row('log', engine.log_file))
  end
  return rows
end

--- Return the status as Markdown.
---@param status table what `ducktypist.status` gives
---@param extra {activity?: string, denied: table<string, true>, ghost: string}
---@return string
function M.status(status, extra)
  local parts = { '# Ducktypist ' .. tostring(status.version) }
  if extra.activity and extra.activity ~= '' then
    table.insert(parts, extra.activity)
  end
  table.insert(parts, section('Model', engine_rows(status.engine or {}, status.model_wanted)))

  local folders = {}
  for _, folder in ipairs(status.workspaces or {}) do
    local word = folder.trusted and 'trusted, its tests are run in the sandbox'
      or 'not trusted, nothing of it is run'
    if extra.denied[folder.path] then
      word = word .. ' (denied for this session)'
    end
    table.insert(folders, row(folder.path, word))
  end
  if #folders == 0 then
    folders = { '- no folder is open' }
  end
  table.insert(parts, section('Trust', folders))

  local sandbox = known(status.sandbox)
  local level = 'not found out yet'
  if sandbox then
    level = ('level %s, %s %s'):format(sandbox.level, sandbox.tool or '', sandbox.version or '')
  end
  table.insert(parts, section('Sandbox', { row('isolation', vim.trim(level)) }))

  local completion = status.completion or {}
  local off = completion.disabled_languages or {}
  local suggested = completion.enabled and 'on' or 'off'
  if completion.enabled and #off > 0 then
    suggested = suggested .. ', but not in ' .. table.concat(off, ', ')
  end
  table.insert(
    parts,
    section('Ghost text', {
      row('while typing', suggested),
      row('shown by', extra.ghost),
      row('fills in by', known(completion.infill) or 'not known before the model is loaded'),
    })
  )

  local ledger = status.ledger or {}
  local ledger_rows = { row('file', known(ledger.path) or 'none') }
  if known(ledger.last_error) and ledger.last_error ~= '' then
    table.insert(ledger_rows, row('last error', ledger.last_error))
  end
  table.insert(parts, section('Ledger', ledger_rows))
  if status.problems and #status.problems > 0 then
    local problems = vim.tbl_map(function(problem)
      return '- ' .. problem
    end, status.problems)
    table.insert(parts, section('Problems', problems))
  end
  return table.concat(parts, '\n\n')
end

return M

-- `:checkhealth ducktypist`: what is here, what is missing, and what to do about each.

local M = {}

local TIMEOUT_MS = 10000
local ANSWER_MS = 3000

---@return table?
local function configured()
  local ok, config = pcall(function()
    return vim.lsp.config.ducktypist
  end)
  return ok and config or nil
end

local function check_neovim()
  vim.health.start('Neovim')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. version)
  else
    vim.health.error('Neovim ' .. version .. ' is too old', 'Install Neovim 0.11 or later')
  end
  if vim.lsp.is_enabled('ducktypist') then
    vim.health.ok('the server is enabled')
  else
    vim.health.warn('the server is not enabled', "Put vim.lsp.enable('ducktypist') into init.lua")
  end
  local given = vim.g.ducktypist
  if type(given) == 'function' then
    local ok, result = pcall(given)
    given = ok and result or ('which failed: ' .. tostring(result))
  end
  local _, problems = require('ducktypist.config').check(given)
  if #problems == 0 then
    vim.health.ok('vim.g.ducktypist is as it should be')
  else
    local text = 'vim.g.ducktypist: ' .. table.concat(problems, '; ')
    vim.health.warn(text, 'See :help ducktypist-options')
  end
end

---@return string[]? command line before `serve`
local function check_program()
  vim.health.start('Server')
  local config = configured()
  local cmd = config and config.cmd
  if type(cmd) ~= 'table' then
    vim.health.info('the server is started by a function; its program is not checked')
    return nil
  end
  local program = vim.fn.exepath(cmd[1])
  if program == '' then
    vim.health.error('the program ' .. cmd[1] .. ' is not found', {
      "Install the server: `uv tool install 'ducktypist[sandbox]'`, or with pipx",
      "Or set `cmd` in vim.lsp.config('ducktypist', …); :help ducktypist-config shows how",
    })
    return nil
  end
  local line = require('ducktypist.trust').command_line(cmd, {})
  if not line then
    vim.health.info('the server is ' .. table.concat(cmd, ' '))
    return nil
  end
  line[#line] = '--version'
  local ok, done = pcall(function()
    return vim.system(line, { text = true, env = config.cmd_env }):wait(TIMEOUT_MS)
  end)
  if ok and done.code == 0 then
    vim.health.ok(('%s, %s'):format(program, vim.trim(done.stdout)))
    return line
  end
  local why = ok and vim.trim(done.stderr or '') or tostring(done)
  vim.health.error(('`%s` failed: %s'):format(table.concat(line, ' '), why), {
    'Run it in a terminal; install the server again if it is broken',
  })
end

---@param client vim.lsp.Client
---@param status table
local function check_model(client, status)
  local engine = status.engine or {}
  local activity = require('ducktypist.activity').last()
  if activity and activity.state == 'missing' then
    local why = type(activity.message) == 'string' and activity.message or 'the model is not here'
    vim.health.warn(why, {
      'Fetch it: :Ducktypist model, or `ducktypist model pull` in a terminal',
      'Facts are shown without a model',
    })
  elseif engine.state == 'failed' then
    vim.health.error('the engine failed: ' .. tostring(engine.last_error), {
      'See its log: ' .. tostring(engine.log_file or 'none was written'),
      ':Ducktypist restart tries again',
    })
  elseif engine.model and engine.model ~= vim.NIL then
    vim.health.ok(('model %s is loaded (%s)'):format(engine.model, engine.quantisation or '?'))
  else
    local wanted = tostring(status.model_wanted)
    vim.health.info(('model %s, not loaded yet (%s)'):format(wanted, tostring(engine.state)))
  end
  local sandbox = status.sandbox
  if type(sandbox) ~= 'table' then
    vim.health.info('the sandbox is not found out yet; ask again in a moment')
  elseif sandbox.level >= 3 then
    vim.health.ok(('sandbox level %d, %s'):format(sandbox.level, sandbox.tool))
  else
    vim.health.warn(('sandbox level %d: %s'):format(sandbox.level, sandbox.tool or 'no tool'), {
      'Install bubblewrap (Linux) for a sandbox that keeps files and network away',
    })
  end
  local folder = require('ducktypist.trust').folder(client)
  for _, one in ipairs(status.workspaces or {}) do
    if one.trusted then
      vim.health.ok(one.path .. ' is trusted: its tests are run in the sandbox')
    else
      local how = one.path == folder and ':Ducktypist trust' or ('ducktypist trust ' .. one.path)
      vim.health.info(
        ('%s is not trusted, so nothing of it is run; %s changes that'):format(one.path, how)
      )
    end
  end
  for _, problem in ipairs(status.problems or {}) do
    vim.health.warn(problem, 'Mend it in the settings')
  end
end

local function check_running()
  vim.health.start('Running server')
  local client = require('ducktypist.server').client()
  if not client then
    vim.health.info('no server is running; open a file it knows, in a project')
    return
  end
  local params = { command = 'ducktypist.status', arguments = {} }
  local answer, problem = client:request_sync('workspace/executeCommand', params, ANSWER_MS)
  if not answer or answer.err then
    local why = answer and answer.err.message or problem
    vim.health.error('the server does not answer: ' .. tostring(why), {
      'Start it again with :Ducktypist restart',
      'See :Ducktypist log',
    })
    return
  end
  vim.health.ok('server ' .. tostring(answer.result.version) .. ' runs')
  check_model(client, answer.result)
end

local function check_ghost_text()
  vim.health.start('Ghost text')
  local options = require('ducktypist.config').get()
  if not options.ghost_text then
    vim.health.info('ghost text is off (vim.g.ducktypist.ghost_text); completion menus have it')
    return
  end
  if require('ducktypist.ghost').is_native() then
    vim.health.ok('shown by vim.lsp.inline_completion')
  else
    vim.health.ok('shown by extmarks of this plugin')
  end
  local is_mapped = vim.fn.hasmapto('<Plug>(ducktypist-accept)', 'i') == 1
  if is_mapped then
    vim.health.ok('a key accepts it')
  else
    vim.health.info(
      'no key is mapped to <Plug>(ducktypist-accept); :help ducktypist-maps has examples'
    )
  end
  local others = {}
  for _, client in ipairs(vim.lsp.get_clients()) do
    local has_it = client.server_capabilities.inlineCompletionProvider
    if client.name ~= 'ducktypist' and has_it then
      table.insert(others, client.name)
    end
  end
  for _, name in ipairs({ 'copilot', 'codeium', 'supermaven-nvim', 'minuet' }) do
    if package.loaded[name] then
      table.insert(others, name)
    end
  end
  if #others > 0 then
    vim.health.warn('others show ghost text, too: ' .. table.concat(others, ', '), {
      'Turn one of them off, or this one: vim.g.ducktypist = { ghost_text = false }',
    })
  end
  if package.loaded['blink.cmp'] or package.loaded['cmp'] then
    local name = package.loaded['blink.cmp'] and 'blink.cmp' or 'nvim-cmp'
    vim.health.info(
      name
        .. ' is loaded: ghost text is hidden while its menu is open (hide_with_menu), and its own '
        .. 'ghost text should be off; :help ducktypist-beside has the lines'
    )
  end
end

function M.check()
  check_neovim()
  check_program()
  check_running()
  check_ghost_text()
end

return M

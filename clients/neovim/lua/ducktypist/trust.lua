-- Whether the code of a folder may be run: asked of the person, kept by `ducktypist trust`.
-- Only the person allows; a refusal holds for this session.

local M = {}

local server = require('ducktypist.server')
local TIMEOUT_MS = 30000
local SETTING_UP = {
  ['conftest.py'] = true,
  ['pytest.ini'] = true,
  ['pyproject.toml'] = true,
  ['setup.cfg'] = true,
  ['tox.ini'] = true,
  ['go.mod'] = true,
}

---@type table<string, true> folders denied in this session
local denied = {}
---@type table<string, true> folders that were asked about by themselves
local asked = {}

--- Return the folders that were denied.
---@return table<string, true>
function M.denied()
  return denied
end

--- Forget nothing but a client; refusals outlive it.
---@param _ integer
function M.gone(_)
  asked = {}
end

--- Return the folder that a client works in.
---@param client vim.lsp.Client
---@return string?
function M.folder(client)
  local folders = client.workspace_folders or {}
  local path = vim.api.nvim_buf_get_name(0)
  for _, folder in ipairs(folders) do
    local root = vim.uri_to_fname(folder.uri)
    if path ~= '' and vim.fs.relpath(root, path) then
      return root
    end
  end
  local first = folders[1]
  return first and vim.uri_to_fname(first.uri) or client.root_dir
end

--- Return the command line of `ducktypist trust`, made from the one that starts the server.
---@param cmd any
---@param arguments string[]
---@return string[]?
function M.command_line(cmd, arguments)
  if type(cmd) ~= 'table' then
    cmd = { 'ducktypist', 'serve' }
  end
  local line = {}
  for _, word in ipairs(cmd) do
    if word == 'serve' then
      break
    end
    table.insert(line, word)
  end
  if #line == 0 or #line == #cmd then
    return nil
  end
  table.insert(line, 'trust')
  return vim.list_extend(line, arguments)
end

---@param client vim.lsp.Client
---@param arguments string[]
---@param on_done fun(said: string)
local function run(client, arguments, on_done)
  local line = M.command_line(client.config.cmd, arguments)
  if not line then
    local text = 'the server is not started by `… serve`; run `ducktypist trust DIR` yourself'
    server.say(text, 'WARN')
    return
  end
  local options = { text = true, env = client.config.cmd_env, timeout = TIMEOUT_MS }
  local ok, problem = pcall(vim.system, line, options, function(done)
    vim.schedule(function()
      local said = vim.trim(done.code == 0 and done.stdout or done.stderr)
      if done.code == 0 then
        on_done(said)
      else
        local why = said ~= '' and said or ('status ' .. done.code)
        server.say(('`%s` failed: %s'):format(table.concat(line, ' '), why), 'ERROR')
      end
    end)
  end)
  if not ok then
    server.say(('`%s` cannot be started: %s'):format(line[1], problem), 'ERROR')
  end
end

---@param client vim.lsp.Client
---@param trusted? boolean what the editor says; nil leaves it to the list of trusted folders
local function tell(client, trusted)
  local params = trusted == nil and vim.empty_dict() or { trusted = trusted }
  client:notify('ducktypist/trust', params)
end

---@param client vim.lsp.Client
---@param folder string
local function allow(client, folder)
  run(client, { folder }, function(said)
    denied[folder] = nil
    denied[vim.uv.fs_realpath(folder) or folder] = nil
    tell(client)
    server.say(said)
  end)
end

---@param folder string
local function deny(folder)
  denied[folder] = true
  -- The server may know it by another name.
  denied[vim.uv.fs_realpath(folder) or folder] = true
  local text = '%s is not trusted: nothing of it is run, and nothing asks again in this session'
  server.say(text:format(folder))
end

---@param client vim.lsp.Client
---@param folder string
local function revoke(client, folder)
  run(client, { '--remove', folder }, function(said)
    tell(client, false)
    server.say(said)
  end)
end

--- Show what trusting a folder means, and what in it decides what is run.
---@param folder string
local function view(folder)
  local lines = {
    '# ' .. folder,
    '',
    'In a trusted folder the server runs its tests, and code of the model with them.',
    'They run in a sandbox, as :Ducktypist status tells.',
    'What is run when tests are collected:',
    '',
  }
  local n_found = 0
  -- Not deeper: a folder of packages has very many.
  for name, kind in vim.fs.dir(folder, { depth = 2 }) do
    if kind ~= 'directory' and SETTING_UP[vim.fs.basename(name)] then
      n_found = n_found + 1
      table.insert(lines, '- ' .. vim.fs.joinpath(folder, name))
    end
  end
  if n_found == 0 then
    table.insert(lines, '- no file that sets tests up, in the folder or right below it')
  end
  vim.list_extend(lines, {
    '',
    'Look at them with `gf`. Then: `:Ducktypist trust allow` or `:Ducktypist trust deny`.',
  })
  local pane = require('ducktypist.pane').open('trust', { enter = true })
  require('ducktypist.pane').set(pane, table.concat(lines, '\n'))
end

---@param client vim.lsp.Client
---@param folder string
local function ask(client, folder)
  local choices = { 'view', 'allow', 'deny' }
  local about = {
    view = 'View what would be run',
    allow = 'Allow: run its tests in the sandbox, now and later',
    deny = 'Deny: run nothing of it',
  }
  vim.ui.select(choices, {
    prompt = ('Do you trust %s?'):format(folder),
    kind = 'ducktypist_trust',
    format_item = function(choice)
      return about[choice]
    end,
  }, function(choice)
    if choice == 'view' then
      view(folder)
    elseif choice == 'allow' then
      allow(client, folder)
    elseif choice == 'deny' then
      deny(folder)
    end
  end)
end

--- Say what is lacking, and ask for trust where that is the reason, once for each folder.
---@param client vim.lsp.Client
---@param message string
function M.offer(client, message)
  local folder = M.folder(client)
  server.execute(client, 'status', {}, function(status)
    local trusted = true
    for _, one in ipairs(status.workspaces or {}) do
      local is_it = folder and vim.uv.fs_realpath(one.path) == vim.uv.fs_realpath(folder)
      if is_it then
        trusted = one.trusted
      end
    end
    if trusted or not folder then
      server.say(message, 'WARN')
      return
    end
    local wants_prompt = require('ducktypist.config').get().ask_trust
    if not wants_prompt or denied[folder] or asked[folder] then
      local text = '%s is not trusted, so nothing of it is run; :Ducktypist trust changes that'
      server.say(text:format(folder), 'WARN')
      return
    end
    asked[folder] = true
    ask(client, folder)
  end)
end

--- `:Ducktypist trust [view|allow|deny|revoke]`.
---@param what? string
function M.command(what)
  local client = server.required()
  if not client then
    return
  end
  local folder = M.folder(client)
  if not folder then
    server.say('no folder is open that could be trusted; open a file in a project', 'WARN')
  elseif what == 'view' then
    view(folder)
  elseif what == 'allow' then
    allow(client, folder)
  elseif what == 'deny' then
    deny(folder)
  elseif what == 'revoke' then
    revoke(client, folder)
  else
    ask(client, folder)
  end
end

return M

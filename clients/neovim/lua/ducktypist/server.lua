-- The running server: found, started with what the person set, asked for commands, started again.
-- What its answers mean is the other files' business.

local M = {}

M.NAME = 'ducktypist'
-- How long a server that is asked to leave may take before it is ended.
local STOP_TIMEOUT_MS = 5000
local POLL_MS = 50

---@type table<integer, true>
local expected_exits = {}

--- Return a client of ours: the buffer's, or any.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.client(bufnr)
  local of_buffer = vim.lsp.get_clients({ name = M.NAME, bufnr = bufnr or 0 })[1]
  return of_buffer or vim.lsp.get_clients({ name = M.NAME })[1]
end

--- Return the client that a command needs, or say why there is none.
---@param options? {attached: boolean} whether it must know the current buffer
---@return vim.lsp.Client?
function M.required(options)
  local attached = options ~= nil and options.attached
  local client = attached and vim.lsp.get_clients({ name = M.NAME, bufnr = 0 })[1] or nil
  client = client or (not attached and M.client() or nil)
  if client then
    return client
  end
  local starting = vim.lsp.get_clients({ name = M.NAME, _uninitialized = true })[1]
  if starting and not starting.initialized then
    M.say('the server is still starting; try again in a moment', 'WARN')
  elseif attached and M.client() then
    local filetype = vim.bo.filetype
    local kind = filetype == '' and 'a buffer without a file type' or ('file type ' .. filetype)
    local text = 'the server does not know this buffer (%s); see :help ducktypist-config'
    M.say(text:format(kind), 'WARN')
  elseif not vim.lsp.is_enabled(M.NAME) then
    M.say("no server is running; enable it with vim.lsp.enable('ducktypist')", 'WARN')
  else
    M.say('no server is running; :checkhealth ducktypist says what is missing', 'WARN')
  end
end

--- Tell the person something.
---@param text string
---@param level? 'INFO'|'WARN'|'ERROR'
function M.say(text, level)
  vim.notify('Ducktypist: ' .. text, vim.log.levels[level or 'INFO'], { title = 'Ducktypist' })
end

--- Return what an error of the server says.
---@param err lsp.ResponseError|string
---@return string
function M.error_text(err)
  return type(err) == 'table' and (err.message or vim.inspect(err)) or tostring(err)
end

--- Run one of the server's commands.
---@param client vim.lsp.Client
---@param command string without `ducktypist.`
---@param arguments any[]
---@param on_result? fun(result: any) called with what it gave; a failure is said to the person
---@param on_error? fun(message: string): boolean? called before that; true when it is dealt with
---@return integer? request_id
function M.execute(client, command, arguments, on_result, on_error)
  local params = { command = M.NAME .. '.' .. command, arguments = arguments }
  local ok, id = client:request('workspace/executeCommand', params, function(err, result)
    if err then
      local text = M.error_text(err)
      if not (on_error and on_error(text)) then
        M.say(text, 'ERROR')
      end
    elseif on_result then
      on_result(result)
    end
  end, vim.api.nvim_get_current_buf())
  if not ok then
    M.say('the server is gone; start it again with :Ducktypist restart', 'ERROR')
  end
  return ok and id or nil
end

--- Give the server at its start what the person set, under the keys of its configuration file.
---@param params lsp.InitializeParams
---@param config vim.lsp.ClientConfig
function M.before_init(params, config)
  local settings = vim.tbl_get(config, 'settings', M.NAME)
  local options = vim.tbl_deep_extend('force', {}, settings or {}, config.init_options or {})
  if next(options) ~= nil then
    params.initializationOptions = options
  end
  if not require('ducktypist.config').get().ghost_text then
    -- The server then puts suggestions into completion menus.
    params.capabilities.textDocument.inlineCompletion = nil
  end
end

--- Say that a server ended that nobody asked to.
---@param code integer
---@param signal integer
---@param client_id integer
function M.on_exit(code, signal, client_id)
  vim.schedule(function()
    require('ducktypist.activity').gone(client_id)
    require('ducktypist.trust').gone(client_id)
    local is_expected = expected_exits[client_id]
    expected_exits[client_id] = nil
    if is_expected or vim.v.exiting ~= vim.NIL or (code == 0 and signal == 0) then
      return
    end
    local why = signal ~= 0 and ('signal ' .. signal) or ('status ' .. code)
    M.say(
      ('the server ended with %s; :Ducktypist log shows why, :Ducktypist restart starts it'):format(
        why
      ),
      'ERROR'
    )
  end)
end

--- Stop all servers of ours, start them again, and give them their buffers back.
function M.restart()
  local clients = vim.lsp.get_clients({ name = M.NAME })
  local buffers = {}
  for _, client in ipairs(clients) do
    expected_exits[client.id] = true
    for bufnr in pairs(client.attached_buffers) do
      buffers[bufnr] = true
    end
    client:stop()
  end
  require('ducktypist.config').read()
  local deadline_ms = vim.uv.now() + STOP_TIMEOUT_MS
  local timer = assert(vim.uv.new_timer())
  timer:start(
    0,
    POLL_MS,
    vim.schedule_wrap(function()
      local running = vim.tbl_filter(function(client)
        return not client:is_stopped()
      end, clients)
      if timer:is_closing() then
        return
      end
      if #running > 0 and vim.uv.now() < deadline_ms then
        return
      end
      timer:close()
      for _, client in ipairs(running) do
        client:stop(true)
      end
      M.start(buffers)
    end)
  )
end

--- Start the server for buffers as `vim.lsp.enable` would.
---@param buffers table<integer, true>
function M.start(buffers)
  if not vim.lsp.is_enabled(M.NAME) then
    vim.lsp.enable(M.NAME)
    return
  end
  for bufnr in pairs(buffers) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.api.nvim_exec_autocmds('FileType', { group = 'nvim.lsp.enable', buffer = bufnr })
    end
  end
  if next(buffers) == nil then
    vim.cmd.doautoall('nvim.lsp.enable FileType')
  end
end

return M

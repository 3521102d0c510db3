-- Choosing a model: the catalogue of the server, a choice, fetching what is not here.
-- A choice holds for this session; to keep it, it goes into the settings.

local M = {}

local server = require('ducktypist.server')

---@type string[] as the server last said, for completion
local names = {}

--- Return a size in bytes as a person reads it.
---@param n_bytes any
---@return string
function M.size(n_bytes)
  if type(n_bytes) ~= 'number' then
    return 'size not known'
  end
  if n_bytes >= 1e9 then
    return ('%.1f GB'):format(n_bytes / 1e9)
  end
  return ('%d MB'):format(math.max(1, math.floor(n_bytes / 1e6 + 0.5)))
end

--- Return the line of a list for a model.
---@param model table one of `ducktypist.models`
---@return string
function M.line(model)
  local about = { M.size(model.n_bytes) }
  if type(model.licence) == 'string' and model.licence ~= '' then
    table.insert(about, model.licence)
  end
  table.insert(
    about,
    model.has_fim and 'fills in while you type'
      or 'does not fill in, so no ghost text within a line'
  )
  table.insert(about, model.is_here and 'on this machine' or 'not here, will be fetched')
  local mark = model.is_wanted and ' (in use)' or ''
  return model.name .. mark .. ': ' .. table.concat(about, ', ')
end

---@param client vim.lsp.Client
---@param on_models fun(models: table[])
local function ask(client, on_models)
  server.execute(client, 'models', {}, function(result)
    names = vim.tbl_map(function(model)
      return model.name
    end, result.models or {})
    on_models(result.models or {})
  end)
end

--- Return the names that completion offers, and ask for them where none are known.
---@return string[]
function M.known_names()
  if #names == 0 then
    local client = server.client()
    if client then
      -- A wait, because completion cannot come later; it is short.
      local params = { command = 'ducktypist.models', arguments = {} }
      local answer = client:request_sync('workspace/executeCommand', params, 500)
      names = vim.tbl_map(function(model)
        return model.name
      end, vim.tbl_get(answer or {}, 'result', 'models') or {})
    end
  end
  return names
end

---@param client vim.lsp.Client
---@param model table
local function fetch(client, model)
  local choices = { 'Fetch it', 'Not now' }
  local prompt = ('%s is not on this machine (%s). Fetch it?'):format(
    model.name,
    M.size(model.n_bytes)
  )
  vim.ui.select(choices, { prompt = prompt, kind = 'ducktypist_fetch' }, function(choice)
    if choice == choices[1] then
      server.say('fetching ' .. model.name .. '; the progress is shown as LspProgress')
      server.execute(client, 'pullModel', {}, function()
        server.say(model.name .. ' is here')
      end)
    end
  end)
end

---@param client vim.lsp.Client
---@param model table
local function use(client, model)
  if not model.is_wanted then
    local settings = client.settings or {}
    local mine = vim.tbl_deep_extend('force', settings[server.NAME] or {}, {
      model = { name = model.name },
    })
    settings[server.NAME] = mine
    client.settings = settings
    client:notify('workspace/didChangeConfiguration', { settings = settings })
    local text = '%s is used from now on; to keep it, set model.name, see :help ducktypist-config'
    server.say(text:format(model.name))
  elseif model.is_here then
    server.say(model.name .. ' is in use')
  end
  if not model.is_here then
    fetch(client, model)
  end
end

--- Choose a model, by name or from a list.
---@param name? string
function M.choose(name)
  local client = server.required()
  if not client then
    return
  end
  ask(client, function(models)
    if name then
      for _, model in ipairs(models) do
        if model.name == name then
          use(client, model)
          return
        end
      end
      local is_path = name:find('%.gguf$') or vim.startswith(name, 'hf:')
      if is_path then
        use(client, { name = name, is_here = not vim.startswith(name, 'hf:'), is_wanted = false })
        return
      end
      local text = 'there is no model %s; there are %s'
      server.say(text:format(name, table.concat(names, ', ')), 'ERROR')
      return
    end
    vim.ui.select(models, {
      prompt = 'Ducktypist: which model?',
      kind = 'ducktypist_model',
      format_item = M.line,
    }, function(model)
      if model then
        use(client, model)
      end
    end)
  end)
end

return M

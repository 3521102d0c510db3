-- `:Ducktypist`: each subcommand handed to the file that does it.

local M = {}

---@class ducktypist.UserCall
---@field fargs string[]
---@field range integer how many line numbers were given
---@field line1 integer
---@field line2 integer

---@type table<string, fun(arguments: string[], call: ducktypist.UserCall)>
local ACTIONS = {
  explain = function(_, call)
    local lines = call.range > 0 and { first = call.line1, last = call.line2 } or nil
    require('ducktypist.explain').explain(lines)
  end,
  fix = function()
    require('ducktypist.actions').fix()
  end,
  body = function()
    require('ducktypist.actions').body()
  end,
  stats = function()
    require('ducktypist.tables').stats()
  end,
  report = function()
    require('ducktypist.tables').report()
  end,
  status = function()
    require('ducktypist.tables').status()
  end,
  restart = function()
    require('ducktypist.server').restart()
  end,
  model = function(arguments)
    require('ducktypist.models').choose(arguments[1])
  end,
  trust = function(arguments)
    require('ducktypist.trust').command(arguments[1])
  end,
  log = function()
    require('ducktypist.tables').log()
  end,
  toggle = function(arguments)
    require('ducktypist.actions').toggle(arguments[1], arguments[2])
  end,
  tests = function(arguments)
    require('ducktypist.tests').run(arguments[1])
  end,
  cancel = function()
    require('ducktypist.actions').cancel()
  end,
}

--- Do what `:Ducktypist …` asks for.
---@param call ducktypist.UserCall
function M.run(call)
  local parsed, problem = require('ducktypist.arguments').parse(call.fargs, call.range > 0)
  if not parsed then
    require('ducktypist.server').say(assert(problem), 'ERROR')
    return
  end
  ACTIONS[parsed.subcommand.name](parsed.arguments, call)
end

--- Return what a subcommand does.
---@param name string
---@return fun(arguments: string[], call: ducktypist.UserCall)?
function M.action(name)
  return ACTIONS[name]
end

--- Do what a subcommand without arguments does.
---@param name string
function M.run_named(name)
  M.run({ fargs = { name }, range = 0, line1 = 0, line2 = 0 })
end

--- Complete a command line.
---@param _ string
---@param line string
---@param cursor integer
---@return string[]
function M.complete(_, line, cursor)
  local names = {}
  if line:find('model') then
    names = require('ducktypist.models').known_names()
  end
  return require('ducktypist.arguments').complete(line:sub(1, cursor), names)
end

return M

-- What `:Ducktypist` takes, and the options.

local spec = require('spec')
local describe, it, same, contains = spec.describe, spec.it, spec.same, spec.contains
local arguments = require('ducktypist.arguments')
local config = require('ducktypist.config')

---@param words string[]
---@param has_range? boolean
local function problem(words, has_range)
  local call, text = arguments.parse(words, has_range or false)
  same(call, nil)
  return text
end

describe(':Ducktypist', function()
  it('knows its subcommands', function()
    local call = assert(arguments.parse({ 'trust', 'allow' }, false))
    same(call.subcommand.name, 'trust')
    same(call.arguments, { 'allow' })
  end)
  it('takes lines to explain', function()
    same(assert(arguments.parse({ 'explain' }, true)).subcommand.name, 'explain')
  end)
  it('says what there is when nothing is asked for, or something unknown', function()
    contains(problem({}), 'explain, fix, body')
    contains(problem({ 'dance' }), 'there is no `:Ducktypist dance`; there are explain')
  end)
  it('says which arguments a subcommand takes', function()
    contains(problem({ 'fix', 'it' }), 'too many arguments; write `:Ducktypist fix`')
    contains(problem({ 'trust', 'maybe' }), '`maybe` is none of view, allow, deny, revoke')
  end)
  it('refuses a range where it means nothing', function()
    contains(problem({ 'stats' }, true), 'takes no range')
  end)
  it('takes a language to toggle', function()
    same(assert(arguments.parse({ 'toggle', 'markdown' }, false)).arguments, { 'markdown' })
    same(assert(arguments.parse({ 'toggle', 'off', 'markdown' }, false)).arguments[2], 'markdown')
  end)
  it('has one action for each subcommand', function()
    local commands = require('ducktypist.commands')
    for _, name in ipairs(arguments.names()) do
      same(type(commands.action(name)), 'function')
    end
  end)
end)

describe('completion of the command line', function()
  it('offers subcommands', function()
    same(arguments.complete('Ducktypist st', {}), { 'stats', 'status' })
    same(#arguments.complete('Ducktypist ', {}), #arguments.subcommands)
  end)
  it('offers arguments', function()
    same(arguments.complete('Ducktypist trust ', {}), { 'view', 'allow', 'deny', 'revoke' })
    same(arguments.complete('Ducktypist trust a', {}), { 'allow' })
  end)
  it('offers names of models', function()
    same(arguments.complete('Ducktypist model b', { 'a', 'b', 'bc' }), { 'b', 'bc' })
  end)
  it('works behind modifiers and ranges', function()
    same(arguments.complete("silent '<,'>Ducktypist exp", {}), { 'explain' })
  end)
  it('offers nothing behind what takes nothing', function()
    same(arguments.complete('Ducktypist fix ', {}), {})
    same(arguments.complete('Ducktypist trust allow ', {}), {})
  end)
end)

describe('the options', function()
  it('have defaults', function()
    local options, problems = config.check(nil)
    same(problems, {})
    same(options.ghost_text, true)
    same(options.split, 'right')
  end)
  it('take what is set', function()
    same(config.check({ ghost_text = false }).ghost_text, false)
  end)
  it('say what is unknown, and what there is', function()
    local _, problems = config.check({ ghost = false })
    contains(problems[1], 'there is no option ghost; there are: ghost_text')
  end)
  it('say which type a value has', function()
    local options, problems = config.check({ ghost_text = 'no', ghost_text_debounce_ms = -1 })
    contains(table.concat(problems, '\n'), 'ghost_text is a boolean, not "no"')
    contains(table.concat(problems, '\n'), 'ghost_text_debounce_ms is 0 or more')
    same(options.ghost_text, true)
  end)
  it('say what may be chosen', function()
    local _, problems = config.check({ split = 'middle' })
    contains(problems[1], 'split is one of right, left, below, above, tab')
  end)
  it('are a table', function()
    local _, problems = config.check(3)
    contains(problems[1], 'it is a number')
  end)
end)

describe('the command line of trust', function()
  local command_line = require('ducktypist.trust').command_line
  it('is that of the server up to `serve`', function()
    same(
      command_line({ 'python', '-m', 'ducktypist', 'serve', '--log-level', 'info' }, { '/a' }),
      { 'python', '-m', 'ducktypist', 'trust', '/a' }
    )
  end)
  it('is the usual one where the server is started by a function', function()
    same(command_line(function() end, { '/a' }), { 'ducktypist', 'trust', '/a' })
  end)
  it('is not guessed where there is no `serve`', function()
    same(command_line({ 'my-wrapper' }, { '/a' }), nil)
  end)
end)

describe('the line of a model', function()
  local models = require('ducktypist.models')
  it('says size, licence, whether it fills in and whether it is here', function()
    local line = models.line({
      name = 'm',
      n_bytes = 491e6,
      licence = 'Apache-2.0',
      has_fim = true,
      is_here = false,
      is_wanted = true,
    })
    local said = '491 MB, Apache-2.0, fills in while you type, not here, will be fetched'
    same(line, 'm (in use): ' .. said)
  end)
  it('gives large sizes in gigabytes', function()
    same(models.size(4.68e9), '4.7 GB')
    same(models.size(vim.NIL), 'size not known')
  end)
end)

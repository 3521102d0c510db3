-- The words of the statusline and of the status.

local spec = require('spec')
local describe, it, same, contains = spec.describe, spec.it, spec.same, spec.contains
local words = require('ducktypist.words')

local NONE = { suggestions = 0, verified = 0, right = 0, too_few = true }

---@param changes? table
local function activity(changes)
  return vim.tbl_extend('force', {
    state = 'writing',
    model = 'qwen2.5-coder-0.5b-instruct-q4_k_m',
    quantisation = 'Q4_K_M',
    tok_s = 54.2,
    speed = 'usable',
    today = { suggestions = 40, verified = 30, right = 24, share = 0.8, too_few = false },
  }, changes or {})
end

describe('the statusline', function()
  it('says model, quantisation, rate, speed and what came of today', function()
    same(words.statusline(activity()), '0.5b Q4_K_M · writing 54 tok/s · usable · right 80 % of 30')
  end)
  it('gives a slow rate with a decimal', function()
    contains(words.statusline(activity({ tok_s = 3.14 })), 'writing 3.1 tok/s')
  end)
  it('says no rate while nothing is computed', function()
    same(
      words.statusline(activity({ state = 'idle', today = NONE, speed = 'tea' })),
      '0.5b Q4_K_M · idle · tea'
    )
  end)
  it('says no rate where none was measured', function()
    contains(words.statusline(activity({ state = 'reading', tok_s = vim.NIL })), '· reading ·')
  end)
  it('gives no share where there is too little to go by', function()
    local today = { suggestions = 12, verified = 5, right = 4, share = 0.8, too_few = true }
    contains(words.statusline(activity({ today = today })), '4 of 5 right, too few')
  end)
  it('says that nothing was verified', function()
    local today = { suggestions = 3, verified = 0, right = 0, share = vim.NIL, too_few = true }
    contains(words.statusline(activity({ today = today })), 'none verified')
  end)
  it('leaves out a speed that was not measured', function()
    same(
      words.statusline(activity({ state = 'stopped', speed = 'not measured', today = NONE })),
      '0.5b Q4_K_M · resting'
    )
  end)
  it('names itself while the model is not known', function()
    local starting = activity({
      state = 'starting',
      model = vim.NIL,
      quantisation = vim.NIL,
      tok_s = vim.NIL,
      speed = 'not measured',
      today = NONE,
    })
    same(words.statusline(starting), 'Ducktypist · loading')
  end)
  it('says that there is no model, or that it failed', function()
    same(words.statusline(activity({ state = 'missing' })), 'Ducktypist: no model here')
    same(words.statusline(activity({ state = 'failed' })), 'Ducktypist: model failed')
  end)
end)

describe('the short name of a model', function()
  it('is its size where the name has one', function()
    same(words.short_name('qwen2.5-coder-1.5b-instruct-q4_k_m', 'Q4_K_M'), '1.5b Q4_K_M')
    same(words.short_name('/models/SmolLM-135M.Q8_0.gguf', 'Q8_0'), '135m Q8_0')
  end)
  it('is the name without the quantisation else', function()
    same(words.short_name('codestuff-q4_0', 'Q4_0'), 'codestuff Q4_0')
    same(words.short_name('scripted', 'none'), 'scripted')
  end)
  it('is cut where it is long', function()
    same(words.short_name('a-name-that-goes-on-and-on', vim.NIL), 'a-name-that-goes-…')
  end)
end)

describe('the status', function()
  local status = {
    version = '0.1.0',
    engine = { state = 'ready', model = 'm', quantisation = 'Q8_0', last_error = '' },
    sandbox = vim.NIL,
    workspaces = { { path = '/a', trusted = true }, { path = '/b', trusted = false } },
    completion = { enabled = true, disabled_languages = { 'markdown' } },
    ledger = { path = '/l.sqlite3' },
    problems = { 'no section `x`' },
  }
  local text = words.status(status, { denied = { ['/b'] = true }, ghost = 'extmarks' })
  it('says which folder is trusted', function()
    contains(text, '- /a: trusted')
    contains(text, '- /b: not trusted, nothing of it is run (denied for this session)')
  end)
  it('says what is not known yet', function()
    contains(text, 'not found out yet')
  end)
  it('says where ghost text is off, and what is wrong', function()
    contains(text, 'on, but not in markdown')
    contains(text, '- no section `x`')
  end)
  it('says which model is wanted while none is loaded', function()
    local waiting = { version = '1', engine = { state = 'starting' }, model_wanted = 'w' }
    contains(words.status(waiting, { denied = {}, ghost = '' }), 'w (not loaded)')
  end)
end)

describe('the table of the ledger', function()
  local markdown = require('ducktypist.stats').markdown
  local cell = {
    model = 'm',
    quantisation = 'Q8_0',
    kind = 'fix',
    language = 'python',
    n_suggestions = 12,
    n_verified = 10,
    n_right = 8,
    right_low = 0.49,
    right_high = 0.943,
    too_few = true,
    total_p50_ms = 8400.0,
    total_p95_ms = vim.NIL,
  }
  it('gives counts with their interval, and says where they are too few', function()
    local text = markdown({ n_suggestions = 12, n_verified = 10, cells = { cell } })
    contains(text, '8 of 10 (49 % to 94 %), too few')
    contains(text, '8.4 s')
  end)
  it('gives no share where nothing was verified', function()
    local none = vim.tbl_extend('force', cell, { n_verified = 0 })
    local text = markdown({ n_suggestions = 12, n_verified = 0, cells = { none } })
    same(text:find(' of 10', 1, true), nil)
  end)
  it('says the note of an empty ledger', function()
    contains(markdown({ n_suggestions = 0, cells = {}, note = 'It is empty.' }), 'It is empty.')
  end)
end)

describe('what a run of tests came to', function()
  local summary = require('ducktypist.tests').summary
  it('counts what passed, failed and was skipped', function()
    local run = { passed = 3, failed = { 'a', 'b' }, errors = { 'c' }, skipped = 1 }
    run.duration_ms = 1240
    same(summary(run), 'tests: 3 passed, 2 failed, 1 error, 1 skipped in 1.2 s')
  end)
  it('adds what went wrong', function()
    local run = { passed = 0, failed = {}, errors = {}, problems = { 'no pytest' } }
    contains(summary(run), '; no pytest')
  end)
end)

-- The language server as `vim.lsp.config` knows it; `vim.lsp.enable('ducktypist')` uses it.
-- Anything of it can be overridden: `vim.lsp.config('ducktypist', { … })`. Nothing is done here.

---@type vim.lsp.Config
return {
  cmd = { 'ducktypist', 'serve' },
  filetypes = {
    'python',
    'sh',
    'bash',
    'go',
    'rust',
    'javascript',
    'javascriptreact',
    'typescript',
    'typescriptreact',
    'java',
    'c',
    'cpp',
  },
  root_markers = {
    'pyproject.toml',
    'pytest.ini',
    'setup.py',
    'setup.cfg',
    'go.mod',
    'Cargo.toml',
    'package.json',
    '.git',
  },
  -- LSP calls a shell script what Neovim calls sh or bash.
  get_language_id = function(_, filetype)
    local is_shell = filetype == 'sh' or filetype == 'bash'
    return is_shell and 'shellscript' or filetype
  end,
  capabilities = {
    -- Neovim 0.11 announces neither of them; this plugin does them there.
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    workspace = { codeLens = { refreshSupport = true } },
    experimental = { ducktypist = { activity = true } },
  },
  -- Neovim holds changes back for 150 ms, and a request sends only those of its own buffer: tests
  -- run from one file would not see what was just typed in another.
  flags = { debounce_text_changes = 0 },
  before_init = function(params, config)
    require('ducktypist.server').before_init(params, config)
  end,
  on_attach = function(client, bufnr)
    require('ducktypist.attach').attach(client, bufnr)
  end,
  on_exit = function(code, signal, client_id)
    require('ducktypist.server').on_exit(code, signal, client_id)
  end,
  handlers = {
    ['ducktypist/activity'] = function(_, params, ctx)
      require('ducktypist.activity').received(params, ctx)
    end,
    ['$/progress'] = function(err, params, ctx)
      -- The passages of an explanation are no progress display; anything else is Neovim's.
      if not require('ducktypist.explain').passage(params) then
        return vim.lsp.handlers['$/progress'](err, params, ctx)
      end
    end,
    ['workspace/codeLens/refresh'] = function(err, params, ctx)
      local own = vim.lsp.handlers['workspace/codeLens/refresh']
      if own then
        return own(err, params, ctx)
      end
      require('ducktypist.lens').refresh(ctx.client_id)
      return vim.NIL
    end,
  },
}

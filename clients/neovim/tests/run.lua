-- Runs the specs of this folder without any plugin: nvim -l clients/neovim/tests/run.lua [PART…]
-- A PART of a file's name runs only those files. The exit status is 0 when all passed.

local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
vim.opt.runtimepath:append(vim.fs.dirname(here))
package.path = here .. '/?.lua;' .. package.path

local spec = require('spec')
local wanted = vim.list_slice(_G.arg or {}, 1)

for name, kind in vim.spairs(vim.iter(vim.fs.dir(here)):fold({}, function(files, name, kind)
  files[name] = kind
  return files
end)) do
  local is_wanted = #wanted == 0
    or vim.iter(wanted):any(function(part)
      return name:find(part, 1, true) ~= nil
    end)
  if kind == 'file' and vim.endswith(name, '_spec.lua') and is_wanted then
    dofile(vim.fs.joinpath(here, name))
  end
end

os.exit(spec.report() and 0 or 1)

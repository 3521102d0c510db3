-- The arithmetic of ghost text: what is left of a suggestion, its next word, how it is laid out.
-- Pure: it knows texts and columns, neither buffers nor windows nor servers.

local M = {}

--- Return what is left of a suggestion after a part of it stands in the buffer.
---@param text string the suggestion
---@param typed string what stands between its place and the cursor
---@return string? rest nil where something else was typed, or nothing is left
function M.rest(text, typed)
  if not vim.startswith(text, typed) then
    return nil
  end
  local rest = text:sub(#typed + 1)
  return rest ~= '' and rest or nil
end

--- Return the next word of a text, the white space before it included.
---@param text string
---@return string
function M.word(text)
  local space = text:match('^%s*')
  local behind = text:sub(#space + 1)
  -- Bytes of other scripts' letters count as letters.
  local word = behind:match('^[%w_\128-\255]+') or behind:match('^[^%w%s_\128-\255]+') or ''
  return space .. word
end

--- Return a text up to the end of its line, or the next line where it begins with a line break.
---@param text string
---@return string
function M.line(text)
  return text:match('^\n*[^\n]*')
end

--- Return the length of a text in UTF-16 code units, as the server counts it.
---@param text string with line feeds
---@param crlf boolean whether the server's text had two characters for each of them
---@return integer
function M.utf16_length(text, crlf)
  local n_units = vim.str_utfindex(text, 'utf-16')
  if crlf then
    n_units = n_units + select(2, text:gsub('\n', ''))
  end
  return n_units
end

--- Return a text with line feeds alone, without those at its end.
---@param text string
---@return string text
---@return boolean crlf whether it had other line ends
function M.normalised(text)
  local plain, n_ends = text:gsub('\r\n?', '\n')
  -- A line break at the end shows nothing, and Neovim would put the text linewise.
  return (plain:gsub('\n+$', '')), n_ends > 0
end

--- Return a text with its tabs as spaces, as it looks from a display column on.
---@param text string without line breaks
---@param column integer 0-based display column
---@param tabstop integer
---@return string
function M.expanded(text, column, tabstop)
  local parts = {}
  for before, tab in text:gmatch('([^\t]*)(\t?)') do
    table.insert(parts, before)
    column = column + vim.fn.strdisplaywidth(before)
    if tab ~= '' then
      local n_spaces = tabstop - column % tabstop
      table.insert(parts, (' '):rep(n_spaces))
      column = column + n_spaces
    end
  end
  return table.concat(parts)
end

---@class ducktypist.Layout
---@field inline string what stands behind the cursor
---@field covers boolean whether it is drawn over the rest of the line, which it then contains
---@field below string[] further lines

--- Return how a suggestion is shown in a line.
---@param rest string the suggestion
---@param replaced string what it takes the place of, behind the cursor
---@param after string what stands in the line behind that
---@return ducktypist.Layout
function M.layout(rest, replaced, after)
  local lines = vim.split(rest, '\n', { plain = true })
  local inline, below = lines[1], vim.list_slice(lines, 2)
  if #below == 0 then
    if vim.endswith(inline, replaced) then
      return { inline = inline:sub(1, #inline - #replaced), covers = false, below = {} }
    end
    return { inline = M.padded(inline .. after, replaced .. after), covers = true, below = {} }
  end
  if (replaced .. after):match('^%s*$') then
    return { inline = inline, covers = false, below = below }
  end
  -- What follows the cursor will follow the last line.
  below[#below] = below[#below] .. after
  return { inline = M.padded(inline, replaced .. after), covers = true, below = below }
end

--- Return a text with spaces behind it until it is as wide as another.
---@param text string
---@param as_wide_as string
---@return string
function M.padded(text, as_wide_as)
  local missing = vim.fn.strdisplaywidth(as_wide_as) - vim.fn.strdisplaywidth(text)
  return text .. (' '):rep(math.max(0, missing))
end

return M

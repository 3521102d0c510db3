" Ducktypist for Vim with ALE: `source` this file after ALE is on the runtime path.
"
" It makes the server known to ALE, which shows its diagnostics and hovers, and adds
" :DucktypistRunTests, :DucktypistFix, :DucktypistBody, :DucktypistExplain and :DucktypistStats. It
" changes no key and enables nothing: list 'ducktypist' in g:ale_linters. There is no ghost text,
" because ALE does not ask for inline completions. :ALECodeAction lists what could be done, but ALE
" lets no server edit, so it is :DucktypistFix and :DucktypistBody that do it.

if exists('g:loaded_ducktypist_ale')
    finish
endif
let g:loaded_ducktypist_ale = 1

" The program and its arguments.
let g:ducktypist_command = get(g:, 'ducktypist_command', ['ducktypist', 'serve'])
" Settings, with the keys of the server's configuration file.
let g:ducktypist_settings = get(g:, 'ducktypist_settings', {})

" Vim's filetypes, and what the protocol calls them.
let s:languages = {
\   'python': 'python', 'go': 'go', 'sh': 'shellscript', 'bash': 'shellscript',
\   'javascript': 'javascript', 'typescript': 'typescript', 'typescriptreact': 'typescriptreact',
\   'rust': 'rust', 'java': 'java', 'c': 'c', 'cpp': 'cpp',
\}
let s:markers = ['.git', 'pyproject.toml', 'go.mod', 'Cargo.toml', 'package.json']

" The folder that holds the nearest marker, or the file's own.
function! s:Root(buffer) abort
    let l:folder = fnamemodify(bufname(a:buffer), ':p:h')

    for l:marker in s:markers
        let l:found = finddir(l:marker, l:folder . ';')
        let l:found = empty(l:found) ? findfile(l:marker, l:folder . ';') : l:found

        if !empty(l:found)
            return fnamemodify(substitute(fnamemodify(l:found, ':p'), '/$', '', ''), ':h')
        endif
    endfor

    return l:folder
endfunction

function! s:Command(buffer) abort
    return join(map(copy(g:ducktypist_command), 'ale#Escape(v:val)'))
endfunction

for [s:filetype, s:language] in items(s:languages)
    call ale#linter#Define(s:filetype, {
    \   'name': 'ducktypist',
    \   'lsp': 'stdio',
    \   'executable': {_ -> g:ducktypist_command[0]},
    \   'command': function('s:Command'),
    \   'project_root': function('s:Root'),
    \   'language': s:language,
    \   'initialization_options': {_ -> g:ducktypist_settings},
    \})
endfor

" Run one of the server's commands; nothing waits for its answer.
function! s:Ask(command, arguments, Then) abort
    call s:Request('workspace/executeCommand',
    \   {'command': a:command, 'arguments': a:arguments}, a:Then)
endfunction

function! s:Say(words) abort
    echomsg 'Ducktypist: ' . substitute(a:words, '\n', ' ', 'g')
endfunction

function! s:Show(text) abort
    call ale#preview#Show(split(a:text, "\n"), {'filetype': 'markdown', 'stay_here': 1})
endfunction

function! s:ShowRun(run) abort
    let l:red = a:run.failed + a:run.errors
    call s:Say(printf('%d passed, %d red%s', a:run.passed, len(l:red),
    \   empty(l:red) ? '' : ': ' . join(l:red, ', ')))
endfunction

" Send a request of any kind; its result goes to Then.
function! s:Request(method, params, Then) abort
    call ale#lsp_linter#SendRequest(
    \   bufnr(''),
    \   'ducktypist',
    \   [0, a:method, a:params],
    \   {answer -> has_key(answer, 'error')
    \       ? s:Say(answer.error.message)
    \       : a:Then(get(answer, 'result', v:null))},
    \)
endfunction

function! s:Document() abort
    return {'uri': ale#path#ToFileURI(expand('%:p'))}
endfunction

" Where the cursor is; the protocol counts UTF-16 code units.
function! s:Place() abort
    let l:before = strpart(getline('.'), 0, col('.') - 1)
    let l:wide = substitute(l:before, "[^\U10000-\U10ffff]", '', 'g')

    return {'line': line('.') - 1, 'character': strchars(l:before) + strchars(l:wide)}
endfunction

function! s:Explain() abort
    call s:Request('ducktypist/explain', {'textDocument': s:Document(), 'position': s:Place()},
    \   {found -> s:Show(found is v:null ? 'There is nothing to explain here.' : found.markdown)})
endfunction

" Carry out the first action of a kind at the cursor, or say what to do instead.
function! s:Act(kind, otherwise) abort
    call s:Request('textDocument/codeAction', {
    \   'textDocument': s:Document(),
    \   'range': {'start': s:Place(), 'end': s:Place()},
    \   'context': {'diagnostics': [], 'only': [a:kind]},
    \}, {offered -> empty(offered) ? s:Say(a:otherwise) : s:WorkOut(offered[0])})
endfunction

function! s:WorkOut(action) abort
    call s:Say('working on it')
    call s:Request('codeAction/resolve', {
    \   'title': a:action.title,
    \   'kind': a:action.kind,
    \   'data': a:action.command.arguments[0],
    \}, function('s:Edit'))
endfunction

function! s:Edit(action) abort
    if has_key(a:action, 'edit')
        let l:changes = ale#code_action#BuildChangesList(ale#code_action#GetChanges(a:action.edit))
        call ale#code_action#HandleCodeAction(
        \   {'description': a:action.title, 'changes': l:changes}, {})
        call s:Ask(a:action.command.command, a:action.command.arguments, {_ -> 0})
    endif

    call s:Say(a:action.data.verdict.summary)
endfunction

function! s:ShowStats(table) abort
    let l:lines = ['| model | kind | language | n | verified | right |', '|---|---|---|--:|--:|--:|']

    for l:cell in a:table.cells
        let l:known = [l:cell.model, l:cell.kind, l:cell.language, l:cell.n_suggestions]
        let l:known += [l:cell.n_verified, l:cell.n_right]
        call add(l:lines, '| ' . join(l:known, ' | ') . ' |')
    endfor

    call s:Show(join(l:lines + ['', a:table.note], "\n"))
endfunction

command! DucktypistRunTests call s:Ask('ducktypist.runTests', [], function('s:ShowRun'))
command! DucktypistFix call s:Act('quickfix',
\   'no red test here; run the tests first with :DucktypistRunTests')
command! DucktypistBody call s:Act('refactor.rewrite',
\   'no documented function without a body here; put the cursor into one')
command! DucktypistExplain call s:Explain()
command! DucktypistStats call s:Ask('ducktypist.stats', [], function('s:ShowStats'))

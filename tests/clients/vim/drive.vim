" What a person does in Vim, and what was seen; test_vim.py looks at it.

let s:seen = {}

" Wait until Found() is something, as long as ninety seconds.
function! s:Until(what, Found) abort
    let l:start = reltime()

    while reltimefloat(reltime(l:start)) < 90
        let l:value = a:Found()

        if !empty(l:value)
            return l:value
        endif

        sleep 50m
    endwhile

    throw 'waited in vain for ' . a:what . ': ' . execute('messages')
endfunction

" What was said with some words in it, since the last time that this was asked.
function! s:Said(words) abort
    let l:said = s:Until(a:words, {-> matchstr(execute('messages'), a:words . '[^\n]*')})
    messages clear

    return l:said
endfunction

" The text of the preview window, once it holds some words.
function! s:Preview(words) abort
    for l:window in range(1, winnr('$'))
        if getwinvar(l:window, '&previewwindow')
            let l:text = join(getbufline(winbufnr(l:window), 1, '$'), "\n")

            return l:text =~# a:words ? l:text : ''
        endif
    endfor

    return ''
endfunction

function! s:Offered() abort
    let s:offered = []
    call ale#codefix#Execute(0, {_, found -> extend(s:offered, map(found, 'v:val[1]'))})
    sleep 200m

    return s:offered
endfunction

function! s:Drive() abort
    edit tests/test_sums.py
    DucktypistRunTests
    let s:seen.run = s:Said('1 passed, 1 red')
    " A copy: ALE empties the list itself when the tests are green.
    let s:seen.red = deepcopy(s:Until('a diagnostic', {-> ale#engine#GetLoclist(bufnr(''))}))

    edit shop/sums.py
    call cursor(4, 7)
    ALEHover
    let s:seen.hover = s:Until('a hover', {-> s:Preview('adds two numbers')})
    pclose
    call cursor(4, 7)
    DucktypistExplain
    let s:seen.explanation = s:Until('an explanation', {-> s:Preview('claims checked')})
    pclose
    DucktypistStats
    let s:seen.stats = s:Until('the stats', {-> s:Preview('| scripted | explain | python |')})
    pclose

    edit shop/ducks.py
    call search('add_up(2')
    DucktypistExplain
    let s:seen.beyond_ascii = s:Until('an explanation', {-> s:Preview('scripted none')})
    pclose

    edit shop/words.py
    call cursor(1, 7)
    let s:seen.offered = s:Until('code actions', function('s:Offered'))
    DucktypistBody
    call s:Until('the body', {-> search('return text.upper()', 'nw')})
    call s:Said('plausible')
    write
    let s:seen.body = join(readfile('shop/words.py'), "\n")

    edit tests/test_sums.py
    call cursor(5, 5)
    DucktypistFix
    let s:seen.verdict = s:Said('plausible')
    wall
    let s:seen.fixed = join(readfile('shop/sums.py'), "\n")
    DucktypistRunTests
    let s:seen.green = s:Said('2 passed, 0 red')
    call s:Until('no diagnostic', {-> empty(ale#engine#GetLoclist(bufnr('')))})
    DucktypistFix
    let s:seen.nothing = s:Said('no red test here')
endfunction

try
    call s:Drive()
catch
    let s:seen.error = v:exception . ' at ' . v:throwpoint
endtry

call writefile([json_encode(s:seen)], $DUCK_SEEN)
qall!

"""Names that need no proof: keywords, builtins, standard modules, system tools, file formats.

By language; nothing is imported to find out, and nothing here says what a name does.
"""

from __future__ import annotations

import builtins
import functools
import keyword
import sys

from ducktypist.claims.wordlists import words

ANYWHERE = words(
    """
    true false null nil none stdin stdout stderr eof nul utf ascii json xml yaml toml csv html
    http https tcp udp url uri sql posix gnu unix linux macos windows cpu ram api cli tty dns ip
    ssl tls ssh ftp regex crlf lf cr utc iso id pid uid gid todo fixme bsd mit gpl ascii unicode
    bom os io ok sigint sigterm sigkill sighup
    """
)
"""In small letters; compared without regard to case."""

PRODUCTS = words(
    """
    JavaScript TypeScript GitHub GitLab PostgreSQL MySQL SQLite OpenSSL PowerShell WebSocket
    macOS iOS YouTube LinkedIn DevOps NumPy PyPI CommonMark MacOS FreeBSD OpenBSD NetBSD BusyBox
    IPv4 IPv6 JSONs URLs IDs PDFs CSVs APIs CPUs PIDs UTF8 CamelCase
    """
)
"""Names of things with capitals inside, which are no names of code."""

_METHODS = frozenset(
    name
    for kind in (str, bytes, list, dict, set, tuple, int, float, frozenset)
    for name in dir(kind)
    if not name.startswith("_")
)
_PYTHON = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
    | frozenset(sys.stdlib_module_names)
    | words(
        """
    self cls args kwargs __init__ __name__ __main__ __file__ __doc__
    """
    )
)
_GO = words(
    """
    break case chan const continue default defer else fallthrough for func go goto if import
    interface map package range return select struct switch type var any bool byte comparable
    complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8
    uint16 uint32 uint64 uintptr append cap clear close complex copy delete imag len make max
    min new panic print println real recover iota archive bufio bytes compress container context
    crypto database encoding errors expvar flag fmt fs hash html http io ioutil json log maps
    math mime net os path filepath plugin reflect regexp runtime slices slog sort sql strconv
    strings sync atomic syscall testing text template time unicode unsafe url exec main init
    rand main
    """
)
_SHELL = words(
    """
    if then else elif fi case esac for select while until do done in function time alias bg bind
    break builtin caller cd command compgen complete compopt continue declare dirs disown echo
    enable eval exec exit export fc fg getopts hash help history jobs kill let local logout
    mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend
    test times trap type typeset ulimit umask unalias unset wait sh bash dash ksh zsh ar awk
    basename bc cat chgrp chmod chown cksum cmp comm compress cp crontab csplit curl cut date dd
    df diff dirname du ed env expand expr false file find fold fuser gawk getconf git grep egrep
    fgrep groups gunzip gzip head hostname iconv id install join less link ln locate logger
    logname ls lsof make man mawk md5sum mkdir mkfifo mktemp more mv nice nl nohup od paste
    patch perl ping pkill pgrep pr printenv ps python python3 readlink realpath rename renice
    rev rm rmdir rsync scp sed seq sftp sha256sum shred shuf sleep sort split ssh stat strings
    stty sudo su sum sync tac tail tar tee timeout top touch tput tr true truncate tsort tty
    uname unexpand uniq unlink unzip uptime vi vim wc wget which who whoami xargs xz yes zcat
    zip bzip2 zstd apt dpkg rpm systemctl journalctl docker PATH HOME IFS PWD OLDPWD USER SHELL
    LANG LC_ALL TMPDIR TERM EDITOR UID EUID PPID RANDOM SECONDS LINENO BASH_SOURCE BASH_VERSION
    FUNCNAME HOSTNAME OPTARG OPTIND PIPESTATUS REPLY BASH_REMATCH EXIT ERR DEBUG RETURN INT TERM
    HUP QUIT KILL NR NF FS OFS ORS RS FILENAME FNR BEGIN END
    """
)
_JAVASCRIPT = words(
    """
    async await break case catch class const continue debugger default delete do else enum
    export extends finally for function get if implements import in instanceof interface let new
    of return set static super switch this throw try typeof undefined var void while with yield
    any boolean bigint number object string symbol unknown never Array ArrayBuffer BigInt
    Boolean Date Error Function Infinity Intl JSON Map Math NaN Number Object Promise Proxy
    RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URL WeakMap
    WeakSet console document fetch globalThis isNaN parseFloat parseInt process require module
    exports setInterval setTimeout window Readonly Partial Record Pick Omit
    """
)
_C = words(
    """
    alignas alignof auto bool break case catch char class const constexpr continue default
    delete do double else enum explicit export extern false final float for friend goto if
    inline int long mutable namespace new noexcept nullptr operator override private protected
    public register return short signed sizeof static static_assert static_cast struct switch
    template this throw try typedef typename union unsigned using virtual void volatile wchar_t
    while NULL size_t ssize_t ptrdiff_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t
    uint64_t intptr_t uintptr_t FILE errno malloc calloc realloc free printf fprintf sprintf
    snprintf scanf puts strlen strcpy strncpy strcmp strncmp strcat memcpy memmove memset memcmp
    exit abort main std cout cin cerr endl string vector map set pair unique_ptr shared_ptr
    optional
    """
)
_JAVA = words(
    """
    abstract assert boolean break byte case catch char class const continue default do double
    else enum extends final finally float for goto if implements import instanceof int interface
    long native new package private protected public record return sealed short static strictfp
    super switch synchronized this throw throws transient try var void volatile while yield
    Object String Integer Long Double Float Boolean Character Byte Short Number Math System List
    ArrayList LinkedList Map HashMap TreeMap Set HashSet Optional Stream Collectors Arrays
    Collections Iterator Iterable Comparable Comparator Runnable Callable Thread Exception
    RuntimeException IllegalArgumentException IllegalStateException NullPointerException
    IOException IndexOutOfBoundsException ArithmeticException StringBuilder Override
    """
)
_RUST = words(
    """
    as async await break const continue crate dyn else enum extern fn for if impl in let loop
    match mod move mut pub ref return self Self static struct super trait type union unsafe use
    where while bool char str String u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64
    Option Some None Result Ok Err Vec Box Rc Arc Cell RefCell Mutex HashMap HashSet BTreeMap
    Iterator Clone Copy Debug Default Display Drop Eq Ord PartialEq PartialOrd From Into std vec
    println format panic unwrap expect
    """
)
_BY_GRAMMAR = {
    "python": _PYTHON,
    "go": _GO,
    "bash": _SHELL,
    "makefile": _SHELL,
    "dockerfile": _SHELL,
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "tsx": _JAVASCRIPT,
    "c": _C,
    "cpp": _C,
    "java": _JAVA,
    "rust": _RUST,
}


@functools.cache
def names_of(grammar: str) -> frozenset[str]:
    """Return the keywords, builtins and standard modules of a language."""
    return _BY_GRAMMAR.get(grammar, frozenset())


def methods_of(grammar: str) -> frozenset[str]:
    """Return the methods of a language's builtin types; fine behind a dot or before brackets."""
    return _METHODS if grammar == "python" else frozenset()

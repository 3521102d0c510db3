"""The modules, names and texts of Python that a fix has no need of. Data only."""

from __future__ import annotations

MODULES = frozenset(
    {
        "__main__",
        "_pytest",
        "_thread",
        "atexit",
        "bdb",
        "builtins",
        "cffi",
        "codeop",
        "concurrent",
        "conftest",
        "coverage",
        "ctypes",
        "dis",
        "doctest",
        "faulthandler",
        "fcntl",
        "gc",
        "hypothesis",
        "importlib",
        "inspect",
        "marshal",
        "mmap",
        "mock",
        "multiprocessing",
        "nose",
        "pdb",
        "pickle",
        "pkgutil",
        "pluggy",
        "posix",
        "pty",
        "pytest",
        "resource",
        "runpy",
        "sched",
        "shutil",
        "signal",
        "site",
        "sitecustomize",
        "socket",
        "socketserver",
        "subprocess",
        "testing",
        "tests",
        "tracemalloc",
        "unittest",
        "zipimport",
        # Dotted ones are meant alone.
        "http.client",
        "http.server",
        "urllib.request",
        "xmlrpc.client",
        "logging.config",
    }
)
"""Modules whose import into a fix wants another explanation than fixing. ``threading`` is not here:
a lock may be what was missing."""

REFERENCES: dict[str, frozenset[str]] = {
    "`{}`": frozenset(
        {
            "os._exit",
            "os.abort",
            "os.execv",
            "os.execve",
            "os.execvp",
            "os.fork",
            "os.forkpty",
            "os.getppid",
            "os.kill",
            "os.killpg",
            "os.popen",
            "os.posix_spawn",
            "os.spawnv",
            "os.system",
            "os.write",
            "os.dup2",
            "os.close",
            "os.closerange",
            "os.fdopen",
            "os.pipe",
            "os.sendfile",
            "os.register_at_fork",
            "sys.exit",
            "sys.modules",
            "sys.settrace",
            "sys.setprofile",
            "sys.setrecursionlimit",
            "sys._getframe",
            "sys._current_frames",
            "sys._getframemodulename",
            "sys.meta_path",
            "sys.path",
            "sys.path_hooks",
            "sys.path_importer_cache",
            "sys.excepthook",
            "sys.unraisablehook",
            "sys.displayhook",
            "sys.breakpointhook",
            "sys.addaudithook",
            "sys.gettrace",
            "sys.monitoring",
            "sys.flags",
            "sys.argv",
            "sys.orig_argv",
            "sys.__stdout__",
            "sys.__stderr__",
            "gc.get_objects",
            "gc.get_referrers",
            "gc.get_referents",
            "weakref.finalize",
            "types.CodeType",
            "types.FunctionType",
            "traceback.extract_stack",
            "traceback.format_stack",
            "traceback.print_stack",
            "traceback.walk_stack",
            "logging.disable",
            "warnings.filterwarnings",
            "warnings.simplefilter",
            "contextlib.ExitStack.pop_all",
            "time.sleep",
            "asyncio.sleep",
            "threading.settrace",
            "threading.setprofile",
            "threading.excepthook",
        }
    ),
    "a look at the environment": frozenset(
        {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
    ),
    "a thread or process": frozenset({"threading.Thread", "threading.Timer"}),
    "a look at the clock": frozenset(
        {
            "time.time",
            "time.time_ns",
            "time.monotonic",
            "time.monotonic_ns",
            "time.perf_counter",
            "time.perf_counter_ns",
            "time.process_time",
            "time.localtime",
            "time.gmtime",
            "time.ctime",
            "time.asctime",
            "time.strftime",
            "datetime.datetime.now",
            "datetime.datetime.utcnow",
            "datetime.datetime.today",
            "datetime.date.today",
        }
    ),
    "a file that is written": frozenset(
        {
            "os.chmod",
            "os.chown",
            "os.link",
            "os.makedirs",
            "os.mkdir",
            "os.open",
            "os.remove",
            "os.removedirs",
            "os.rename",
            "os.renames",
            "os.replace",
            "os.rmdir",
            "os.symlink",
            "os.truncate",
            "os.unlink",
            "os.utime",
        }
    ),
}
"""What is counted under which name: as one kind, where one way may well take the place of another
(``datetime.utcnow`` becomes ``datetime.now``)."""

PREFIXES = ("unittest.", "pytest.", "_pytest.", "builtins.", "ctypes.", "doctest.", "signal.")
"""Modules of which not even more is wanted where they are imported already."""

ATTRIBUTES = frozenset(
    {
        "__base__",
        "__bases__",
        "__builtins__",
        "__closure__",
        "__code__",
        "__defaults__",
        "__globals__",
        "__import__",
        "__kwdefaults__",
        "__mro__",
        "__subclasses__",
        "__subclasshook__",
        "__instancecheck__",
        "__traceback__",
        "__tracebackhide__",
        "_exit",
        "ag_frame",
        "cr_frame",
        "f_back",
        "f_builtins",
        "f_code",
        "f_globals",
        "f_lineno",
        "f_locals",
        "f_trace",
        "gi_frame",
        "SkipTest",
        "addfinalizer",
        "exc_info",
        "expectedFailure",
        "getfixturevalue",
        "importorskip",
        "monkeypatch",
        "skipTest",
        "tb_frame",
        "tb_next",
        "xfail",
    }
)
"""Attributes of anything."""

NAMES = frozenset(
    {
        "__builtins__",
        "__debug__",
        "__import__",
        "__loader__",
        "__spec__",
        "__unittest",
        "AssertionError",
        "BaseException",
        "BaseExceptionGroup",
        "GeneratorExit",
        "KeyboardInterrupt",
        "SkipTest",
        "SystemExit",
        "breakpoint",
        "compile",
        "eval",
        "exec",
        "exit",
        "globals",
        "input",
        "quit",
    }
)
WORDS = frozenset({"compile", "exit", "input", "quit"})
"""Those of them that people call their own variables."""

TEXTS = (
    "/proc",
    "/dev/",
    "DUCKTYPIST_",
    "PYTEST_",
    "_ducktypist",
    "conftest",
    "pytest",
    "unittest",
    "test_zz_canary",
)
COMPARISONS = frozenset(
    {
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__contains__",
        "__instancecheck__",
        "__subclasscheck__",
    }
)
BUILTIN_TYPES = frozenset(
    {
        "bool",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "set",
        "str",
        "tuple",
    }
)
CAUGHT = frozenset(
    {
        "AssertionError",
        "BaseException",
        "BaseExceptionGroup",
        "GeneratorExit",
        "KeyboardInterrupt",
        "MemoryError",
        "RecursionError",
        "SystemExit",
    }
)
"""What no fix catches: a test's own failure, the end of the program, a recursion without end."""

WRITERS = frozenset(
    {"write_text", "write_bytes", "unlink", "touch", "symlink_to", "hardlink_to", "rmtree"}
)
MODULE_MARKS = frozenset(
    {
        "__test__",
        "__unittest",
        "__tracebackhide__",
        "__class__",
        "collect_ignore",
        "collect_ignore_glob",
        "pytest_plugins",
        "pytestmark",
    }
)
NAMESPACES = frozenset({"__dict__", "__getattribute__", "_os", "_sys", "builtins", "sys"})
"""Attributes of imported things by which one gets at everything else."""
HOOKS = frozenset(
    {
        "__class__",
        "load_tests",
        "setUpModule",
        "tearDownModule",
        "setup_module",
        "teardown_module",
        "setup_function",
        "teardown_function",
    }
)
HIDDEN = (NAMES - WORDS - {"eval", "exec", "globals", "breakpoint"}) | ATTRIBUTES | COMPARISONS
"""Names that stand alone in a text, to be looked up by it."""

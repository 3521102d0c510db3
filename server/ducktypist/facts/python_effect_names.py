"""Which names of Python's library touch the world outside, and how one says that; a table only.

Third-party packages are here where everybody knows them by their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CALLS: Mapping[str, str] = MappingProxyType(
    {
        "input": "reads a line from standard input",
        "exec": "runs code that it is given as text",
        "eval": "evaluates code that it is given as text",
        "os.system": "runs a command in a shell",
        "os.popen": "runs a command in a shell",
        "os.remove": "deletes a file",
        "os.unlink": "deletes a file",
        "os.rmdir": "deletes an empty folder",
        "os.removedirs": "deletes empty folders",
        "os.rename": "renames a file",
        "os.renames": "renames a file, making and deleting folders as needed",
        "os.replace": "renames a file and overwrites the destination",
        "os.mkdir": "makes a folder",
        "os.makedirs": "makes folders",
        "os.link": "makes a hard link",
        "os.symlink": "makes a symbolic link",
        "os.truncate": "cuts a file to a length",
        "os.utime": "changes a file's times",
        "os.chmod": "changes a file's permissions",
        "os.chown": "changes a file's owner",
        "os.chdir": "changes the process's working directory",
        "os.umask": "changes the process's file mode mask",
        "os.kill": "sends a signal to a process",
        "os.killpg": "sends a signal to a process group",
        "os.fork": "starts a copy of the process",
        "os._exit": "ends the process at once, without clean-up",
        "os.abort": "ends the process at once, without clean-up",
        "os.listdir": "reads a folder",
        "os.scandir": "reads a folder",
        "os.walk": "reads a tree of folders",
        "os.getcwd": "reads the process's working directory",
        "os.getenv": "reads the environment",
        "os.putenv": "changes the environment",
        "os.unsetenv": "changes the environment",
        "os.urandom": "draws random bytes",
        "shutil.copy": "copies a file",
        "shutil.copy2": "copies a file with its times and permissions",
        "shutil.copyfile": "copies a file's content",
        "shutil.copytree": "copies a folder with all that is in it",
        "shutil.move": "moves a file or folder",
        "shutil.rmtree": "deletes a folder with all that is in it",
        "shutil.make_archive": "writes an archive file",
        "shutil.unpack_archive": "unpacks an archive into files",
        "glob.glob": "reads folders",
        "glob.iglob": "reads folders",
        "sys.exit": "raises SystemExit, which ends the program unless it is caught",
        "exit": "raises SystemExit, which ends the program unless it is caught",
        "quit": "raises SystemExit, which ends the program unless it is caught",
        "sys.setrecursionlimit": "changes the interpreter's recursion limit",
        "time.sleep": "waits",
        "asyncio.sleep": "waits, while other tasks go on",
        "time.time": "reads the clock",
        "time.time_ns": "reads the clock",
        "time.monotonic": "reads the clock",
        "time.perf_counter": "reads the clock",
        "time.process_time": "reads the processor time used",
        "time.localtime": "reads the clock or the time zone",
        "time.strftime": "reads the clock when no time is given",
        "datetime.datetime.now": "reads the clock",
        "datetime.datetime.utcnow": "reads the clock",
        "datetime.datetime.today": "reads the clock",
        "datetime.date.today": "reads the clock",
        "uuid.uuid1": "makes an id from the clock and the machine",
        "uuid.uuid4": "makes a random id",
        "urllib.request.urlopen": "opens a URL over the network",
        "urllib.request.urlretrieve": "downloads a URL into a file",
        "socket.create_connection": "connects over the network",
        "socket.create_server": "listens on the network",
        "socket.socket": "makes a network socket",
        "socket.getaddrinfo": "looks a host name up",
        "socket.gethostbyname": "looks a host name up",
        "smtplib.SMTP": "speaks to a mail server",
        "ftplib.FTP": "speaks to an FTP server",
        "http.client.HTTPConnection": "speaks to an HTTP server",
        "http.client.HTTPSConnection": "speaks to an HTTPS server",
        "sqlite3.connect": "opens an SQLite database, making the file if there is none",
        "subprocess.run": "starts a program and waits for it",
        "subprocess.call": "starts a program and waits for it",
        "subprocess.check_call": "starts a program and waits for it",
        "subprocess.check_output": "starts a program and reads what it prints",
        "subprocess.getoutput": "runs a command in a shell and reads what it prints",
        "subprocess.getstatusoutput": "runs a command in a shell and reads what it prints",
        "subprocess.Popen": "starts a program and does not wait for it",
        "asyncio.create_subprocess_exec": "starts a program",
        "asyncio.create_subprocess_shell": "runs a command in a shell",
        "threading.Thread": "makes a thread",
        "threading.Timer": "makes a thread that waits",
        "multiprocessing.Process": "makes a process",
        "multiprocessing.Pool": "starts worker processes",
        "concurrent.futures.ThreadPoolExecutor": "makes worker threads",
        "concurrent.futures.ProcessPoolExecutor": "makes worker processes",
        "signal.signal": "changes how the process answers a signal",
        "signal.alarm": "has a signal sent to the process later",
        "atexit.register": "has something run when the program ends",
        "tempfile.mkstemp": "makes a temporary file that nobody deletes by itself",
        "tempfile.mkdtemp": "makes a temporary folder that nobody deletes by itself",
        "tempfile.TemporaryFile": "makes a temporary file",
        "tempfile.NamedTemporaryFile": "makes a temporary file",
        "tempfile.TemporaryDirectory": "makes a temporary folder",
        "json.dump": "writes JSON to a file object",
        "json.load": "reads JSON from a file object",
        "pickle.dump": "writes a pickle to a file object",
        "pickle.load": "reads a pickle, which can run any code",
        "pickle.loads": "reads a pickle, which can run any code",
        "getpass.getpass": "asks for a password on the terminal",
        "importlib.import_module": "imports a module by its name, which runs it",
        "random.seed": "seeds the shared random numbers",
        "warnings.warn": "gives a warning",
    }
)
"""What a call does, by the full name of what is called."""

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "random": "draws random numbers",
        "secrets": "draws random numbers",
        "requests": "speaks HTTP over the network",
        "httpx": "speaks HTTP over the network",
        "logging": "writes to the log",
    }
)
"""What nearly every function of a module does."""

QUIET = frozenset(
    {
        *("random.Random", "random.SystemRandom", "requests.Session", "requests.Request"),
        *("httpx.Client", "httpx.AsyncClient", "httpx.Timeout", "httpx.URL", "httpx.Request"),
        *("logging.getLogger", "logging.Formatter", "logging.StreamHandler", "logging.NullHandler"),
        *("logging.getLevelName", "secrets.compare_digest"),
    }
)
"""Calls of these modules that only make something."""

PATH_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "write_text": "writes a file, replacing what was in it",
        "write_bytes": "writes a file, replacing what was in it",
        "read_text": "reads a file",
        "read_bytes": "reads a file",
        "unlink": "deletes a file",
        "rmdir": "deletes an empty folder",
        "mkdir": "makes a folder",
        "symlink_to": "makes a symbolic link",
        "hardlink_to": "makes a hard link",
    }
)
"""Methods of ``pathlib.Path`` that no other well-known class has, or that do the same there."""

SURE_PATH_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "touch": "makes a file or changes its times",
        "rename": "renames a file",
        "replace": "renames a file and overwrites the destination",
        "chmod": "changes a file's permissions",
        "iterdir": "reads a folder",
        "glob": "reads folders",
        "rglob": "reads a tree of folders",
    }
)
"""Methods that are only told of where the receiver is seen to be a ``pathlib.Path``."""

MUTATORS = frozenset(
    {
        *("append", "appendleft", "clear", "discard", "extend", "extendleft", "insert"),
        *("pop", "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update"),
    }
)
"""Methods that change the list, dict, set or deque that they are called on."""

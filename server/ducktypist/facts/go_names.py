"""Which functions of Go's library touch the world outside, and how one says that; a table only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CALLS: Mapping[str, str] = MappingProxyType(
    {
        "os.Exit": "ends the process at once; deferred calls do not run",
        "os.Remove": "deletes a file or an empty folder",
        "os.RemoveAll": "deletes a path with all that is below it",
        "os.Rename": "renames a file and overwrites the destination",
        "os.Mkdir": "makes a folder",
        "os.MkdirAll": "makes folders",
        "os.MkdirTemp": "makes a temporary folder that nobody deletes by itself",
        "os.CreateTemp": "makes a temporary file that nobody deletes by itself",
        "os.Create": "opens a file for writing, emptying it first",
        "os.Open": "opens a file for reading",
        "os.OpenFile": "opens a file",
        "os.ReadFile": "reads a whole file",
        "os.WriteFile": "writes a file, replacing what was in it",
        "os.ReadDir": "reads a folder",
        "os.Chdir": "changes the process's working directory",
        "os.Chmod": "changes a file's permissions",
        "os.Symlink": "makes a symbolic link",
        "os.Getenv": "reads the environment",
        "os.LookupEnv": "reads the environment",
        "os.Setenv": "changes the environment",
        "os.Unsetenv": "changes the environment",
        "os.StartProcess": "starts a program",
        "io/ioutil.ReadFile": "reads a whole file",
        "io/ioutil.WriteFile": "writes a file, replacing what was in it",
        "os/exec.Command": "prepares to start a program",
        "os/exec.CommandContext": "prepares to start a program that the context can end",
        "os/signal.Notify": "has signals sent to a channel",
        "syscall.Exec": "replaces the process by another program",
        "path/filepath.Walk": "reads a tree of folders",
        "path/filepath.WalkDir": "reads a tree of folders",
        "path/filepath.Glob": "reads folders",
        "net.Dial": "connects over the network",
        "net.DialTimeout": "connects over the network",
        "net.Listen": "listens on the network",
        "net.LookupHost": "looks a host name up",
        "net/http.Get": "sends an HTTP request",
        "net/http.Post": "sends an HTTP request",
        "net/http.PostForm": "sends an HTTP request",
        "net/http.Head": "sends an HTTP request",
        "net/http.ListenAndServe": "serves HTTP until it fails",
        "net/http.ListenAndServeTLS": "serves HTTPS until it fails",
        "net/http.HandleFunc": "registers a handler with the process-wide server mux",
        "net/http.Handle": "registers a handler with the process-wide server mux",
        "database/sql.Open": "prepares a database handle",
        "fmt.Print": "prints to standard output",
        "fmt.Println": "prints to standard output",
        "fmt.Printf": "prints to standard output",
        "fmt.Scan": "reads standard input",
        "fmt.Scanln": "reads standard input",
        "fmt.Scanf": "reads standard input",
        "log.Print": "writes to the log",
        "log.Println": "writes to the log",
        "log.Printf": "writes to the log",
        "log.Fatal": "logs and ends the process; deferred calls do not run",
        "log.Fatalf": "logs and ends the process; deferred calls do not run",
        "log.Fatalln": "logs and ends the process; deferred calls do not run",
        "time.Sleep": "waits",
        "time.Now": "reads the clock",
        "time.Since": "reads the clock",
        "time.After": "makes a channel that fires after a while",
        "time.Tick": "makes a channel that fires again and again",
        "runtime.GC": "runs the garbage collector",
    }
)
"""What a call does, by import path and name."""

PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "math/rand": "draws random numbers",
        "math/rand/v2": "draws random numbers",
        "crypto/rand": "draws random numbers",
        "log/slog": "writes to the log",
    }
)
"""What nearly every function of a package does."""

QUIET = frozenset({"New", "NewSource", "NewZipf", "NewPCG", "NewChaCha8", "NewTextHandler"}) | {
    *("NewJSONHandler", "Default", "With", "String", "Int", "Any", "Bool", "Group")
}
"""Functions of these packages that only make something."""

PANICS: Mapping[str, str] = MappingProxyType(
    {
        "log.Panic": "logs and panics",
        "log.Panicf": "logs and panics",
        "log.Panicln": "logs and panics",
    }
)
"""Calls that panic."""

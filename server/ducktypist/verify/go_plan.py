"""The arguments and environment of ``go`` for a run, and the files that go along. No I/O.

Not here: which packages there are (``go_packages``), running (``go_runner``, ``go_driver``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.verify.go_cache import TEMPORARY
from ducktypist.verify.go_canary import GoCanary
from ducktypist.verify.go_packages import Package, Selection
from ducktypist.verify.go_toolchain import GoToolchain
from ducktypist.verify.inside_view import PROGRAM_PATH
from ducktypist.verify.sandbox import CACHE

STACKS_S = 1.0
"""How long before a run's end it is asked where it hangs: one that is killed does not say."""
SUBTEST_PATTERNS_SINCE = (1, 20)
"""Before, ``-run`` could not name subtests of several tests at once."""
WARMED = ("container/heap", "container/list", "math/rand", "testing")
"""What tests of ours and bodies yet to be written may import; the rest of the standard library's
everyday packages come along with ``testing``."""
LIST_FORMAT = "{{if not .Standard}}{{.ImportPath}}{{end}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How tests are run."""

    toolchain: GoToolchain
    timeout_s: float
    race: bool
    repeats: int
    shuffle: int
    """The seed of the tests' order, 0 for the order of the files."""
    is_trial: bool = False
    """As quick as it goes: nothing is vetted and no debugging information is linked."""


def environment(toolchain: GoToolchain, *, race: bool, module_cache: bool) -> dict[str, str]:
    """Return the variables of a run: nothing is fetched, nothing is taken from user settings."""
    found = {
        "GOROOT": str(toolchain.goroot),
        "GOCACHE": CACHE,
        "GOTMPDIR": f"{CACHE}/{TEMPORARY}",
        "GOENV": "off",
        "GOPROXY": "off",
        "GOSUMDB": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOTRACEBACK": "all",
        "PATH": f"{toolchain.goroot / 'bin'}:{PROGRAM_PATH}",
        "PYTHONIOENCODING": "utf-8:replace",
    }
    if module_cache and toolchain.module_cache is not None:
        found["GOMODCACHE"] = str(toolchain.module_cache)
    if toolchain.compiler is None:
        found["CGO_ENABLED"] = "0"
    else:
        found["CC"] = str(toolchain.compiler)
        if race:
            found["CGO_ENABLED"] = "1"
    return found


def jobs(
    selections: Sequence[Selection], how: How, canary: GoCanary | None
) -> list[dict[str, Any]]:
    """Return what the driver is to run: whole packages together, chosen tests by the package."""
    found: list[dict[str, Any]] = []
    whole: dict[Path, list[Package]] = {}
    for selection in selections:
        package = selection.package
        if selection.tests is None:
            whole.setdefault(package.module.folder, []).append(package)
            continue
        names = (*selection.tests, *(canary.tests if canary else ()))
        pattern = run_pattern(names, subtests=how.toolchain.numbers >= SUBTEST_PATTERNS_SINCE)
        argv = [*_test(package, how), f"-run={pattern}", _folder(package)]
        expected = {}
        if not any("/" in name for name in selection.tests):
            expected[package.import_path] = _expected(package, how, selection.tests)
        found.append({"cwd": package.module.folder.as_posix(), "argv": argv, "expected": expected})
    for folder, packages in whole.items():
        argv = [*_test(packages[0], how), *map(_folder, packages)]
        expected = {
            package.import_path: _expected(package, how, tuple(package.tests))
            for package in packages
        }
        found.append({"cwd": folder.as_posix(), "argv": argv, "expected": expected})
    return found


def traces(
    selections: Sequence[Selection], how: How, canary: GoCanary | None
) -> list[dict[str, Any]]:
    """Return what the driver is to trace after the run."""
    go = str(how.toolchain.go)
    return [
        {
            "cwd": selection.package.module.folder.as_posix(),
            "folder": selection.package.below_module,
            "module": selection.package.module.path,
            "package": selection.package.import_path,
            "left_out": canary.tests if canary else (),
            "timeout_s": min(5.0, how.timeout_s),
            "build": [
                *(go, "test", "-c", "-vet=off", "-cover", "-covermode=set"),
                *_flags(selection.package),
            ],
            "list": [go, "list", "-deps", "-test", f"-f={LIST_FORMAT}", *_flags(selection.package)],
        }
        for selection in selections
    ]


def builds(packages: Iterable[Package], toolchain: GoToolchain, *, race: bool) -> dict[str, Any]:
    """Return a plan that builds packages and their tests, and runs nothing of them.

    ``-exec`` names what is run in a test program's stead, so that ``go`` goes through exactly what
    a run goes through (the vetting included), and no code of the workspace is executed.
    """
    by_module: dict[Path, list[Package]] = {}
    for package in packages:
        by_module.setdefault(package.module.folder, []).append(package)
    kinds = [["-race"]] if race else [[], ["-vet=off", "-cover", "-covermode=set"]]
    return {
        "jobs": [
            {
                "cwd": folder.as_posix(),
                "argv": [
                    *(str(toolchain.go), "test", "-exec=true", "-count=1"),
                    *_flags(members[0]),
                    *kind,
                    *map(_folder, members),
                ],
            }
            for folder, members in by_module.items()
            for kind in kinds
        ]
    }


def laid_over(
    selections: Sequence[Selection], toolchain: GoToolchain, canary: GoCanary | None
) -> dict[Path, str]:
    """Return the files of ours that a run gets: canaries, and a module file where none is."""
    found: dict[Path, str] = {}
    for selection in selections:
        package = selection.package
        if canary is not None:
            found[package.folder / canary.file_name] = canary.text(package.name)
        if package.module.is_made_up:
            major, minor = toolchain.numbers[:2]
            found[Path("go.mod")] = f"module {package.module.path}\n\ngo {major}.{minor}\n"
    return found


def warming(packages: Iterable[Package]) -> dict[Path, str]:
    """Return a file for each package that has ``go`` build what tests need, where there are none.

    A package without tests would otherwise bring nothing of ``testing`` into the cache, and every
    run would build it again.
    """
    imports = "".join(f'\t_ "{path}"\n' for path in WARMED)
    return {
        package.folder / "zz_ducktypist_warm_test.go": f"package {package.name}\n\n"
        f"import (\n{imports})\n"
        for package in packages
    }


def run_pattern(names: Sequence[str], *, subtests: bool) -> str:
    """Return the ``-run`` pattern that matches these tests and no others."""
    if not subtests:
        tops = dict.fromkeys(name.partition("/")[0] for name in names)
        return f"^({'|'.join(map(_quoted, tops))})$"
    patterns = ("/".join(f"^{_quoted(part)}$" for part in name.split("/")) for name in names)
    return "|".join(dict.fromkeys(patterns))


def plan_text(nonce: str, plan: Mapping[str, Any], *, timeout_s: float) -> str:
    """Return a plan as the driver reads it, on one line.

    Args:
        nonce: What its answers are known by.
        plan: What to do.
        timeout_s: How long the whole run may take.
    """
    asked_after_s = max(timeout_s - STACKS_S, timeout_s * 0.5)
    return json.dumps({"nonce": nonce, "timeout_s": asked_after_s, **plan})


def _test(package: Package, how: How) -> list[str]:
    argv = [
        *(str(how.toolchain.go), "test", "-json", f"-count={how.repeats}"),
        f"-timeout={math.ceil(how.timeout_s)}s",
        *_flags(package),
    ]
    argv += ["-race"] if how.race else []
    argv += [f"-shuffle={how.shuffle}"] if how.shuffle else []
    argv += ["-vet=off", "-ldflags=-s -w"] if how.is_trial else []
    return argv


def _expected(package: Package, how: How, tests: Sequence[str]) -> dict[str, Any]:
    return {"argv": _test(package, how), "folder": _folder(package), "tests": tests}


def _flags(package: Package) -> list[str]:
    module = package.module
    # A vendored module brings its dependencies; in a workspace, go.work says where they are.
    has_own_way = module.is_vendored or module.in_workspace
    return ["-buildvcs=false"] if has_own_way else ["-buildvcs=false", "-mod=mod"]


def _folder(package: Package) -> str:
    return "./" + package.below_module


def _quoted(part: str) -> str:
    # Go's own quoting; Python's would also escape blanks and dashes, which Go's parser refuses.
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", part)

"""Which Go packages a run of tests is about, read from the source files; nothing is executed.

A package is a folder with ``_test.go`` files below a module (a folder with ``go.mod``). The texts
laid over the files count, those on the disk where none is. Not here: arguments of ``go``
(``go_plan``), reports.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ducktypist.errors import RunnerError

TEST_SUFFIX = "_test.go"
MAX_PACKAGES = 2000
MAX_FILE_BYTES = 4 * 1024**2
_MODULE = re.compile(r"^\s*module\s+\"?([^\s\"]+)", re.MULTILINE)
_PACKAGE = re.compile(r"^[ \t]*package[ \t]+(\w+)", re.MULTILINE)
_TEST = re.compile(r"^func\s+((?:Test|Example|Fuzz)(?![a-z])\w*)\s*\(", re.MULTILINE)
_OWN_MODULE = "ducktypist.invalid/workspace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A Go module of the workspace."""

    folder: Path
    """Relative to the root, ``.`` for the root itself."""
    path: str
    is_made_up: bool = False
    """There is no ``go.mod`` anywhere above; one is laid over the root for the run."""
    is_vendored: bool = False
    in_workspace: bool = False
    """A ``go.work`` stands above it, inside the root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One folder of Go files with tests."""

    module: Module
    folder: Path
    """Relative to the root."""
    name: str
    """As its files say in ``package NAME``, without ``_test``."""
    files: tuple[Path, ...]
    """Its ``_test.go`` files, relative to the root, sorted."""
    tests: Mapping[str, Path]
    """The file of each top-level test, in source order."""

    @property
    def import_path(self) -> str:
        """What ``go`` calls it."""
        inside = self.below_module
        return self.module.path if inside == "." else f"{self.module.path}/{inside}"

    @property
    def below_module(self) -> str:
        """Its folder relative to the module's, with slashes."""
        return self.folder.relative_to(self.module.folder).as_posix()

    def file_of(self, test: str) -> Path:
        """Return the file that declares a test (or the parent of a subtest)."""
        return self.tests.get(test.partition("/")[0], self.files[0])


@dataclass(slots=True)
class Tree:
    """The files of one run: the disk's, with texts laid over them."""

    root: Path
    overlay: Mapping[Path, str]
    _modules: dict[Path, Module | None] = field(default_factory=dict)

    def text(self, relative: Path) -> str | None:
        """Return a file's text, None when there is none or it cannot be read."""
        if relative in self.overlay:
            return self.overlay[relative]
        path = self.root / relative
        try:
            if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
                return None
            return path.read_text("utf-8", errors="replace")
        except OSError:
            return None

    def exists(self, relative: Path) -> bool:
        """Tell whether there is such a file or folder."""
        if relative in self.overlay or (self.root / relative).exists():
            return True
        return any(path.is_relative_to(relative) for path in self.overlay)

    def names(self, folder: Path) -> list[str]:
        """Return the names of the files in a folder, sorted."""
        try:
            found = {entry.name for entry in os.scandir(self.root / folder) if entry.is_file()}
        except OSError:
            found = set()
        found |= {path.name for path in self.overlay if path.parent == folder}
        return sorted(found)

    def is_folder(self, relative: Path) -> bool:
        """Tell whether a path is a folder's."""
        return relative not in self.overlay and (
            (self.root / relative).is_dir()
            or any(path.is_relative_to(relative) for path in self.overlay)
        )

    def module_of(self, folder: Path) -> Module:
        """Return the module that a folder belongs to."""
        for above in (folder, *folder.parents):
            module = self._module_at(above)
            if module is not None:
                return module
        return Module(folder=Path(), path=_OWN_MODULE, is_made_up=True)

    def _module_at(self, folder: Path) -> Module | None:
        if folder not in self._modules:
            text = self.text(folder / "go.mod")
            match = _MODULE.search(text) if text is not None else None
            self._modules[folder] = match and Module(
                folder=folder,
                path=match[1],
                is_vendored=self.exists(folder / "vendor" / "modules.txt"),
                in_workspace=any(
                    self.exists(above / "go.work") for above in (folder, *folder.parents)
                ),
            )
        return self._modules[folder]

    def package_at(self, folder: Path) -> Package | None:
        """Return the package in a folder, None when it has no tests."""
        names = [name for name in self.names(folder) if name.endswith(".go")]
        files = [folder / name for name in names if _is_test_file(name)]
        if not files:
            return None
        tests: dict[str, Path] = {}
        declared: list[str] = []
        external: list[str] = []
        for path in files:
            text = self.text(path) or ""
            tests.update(dict.fromkeys(_TEST.findall(text), path))
            match = _PACKAGE.search(text)
            if match:
                (external if match[1].endswith("_test") else declared).append(match[1])
        if not declared and external:
            declared.append(external[0].removesuffix("_test"))
        if not declared:
            return None
        return Package(
            module=self.module_of(folder),
            folder=folder,
            name=declared[0],
            files=tuple(files),
            tests={name: path for name, path in tests.items() if name != "TestMain"},
        )

    def packages_below(self, folder: Path) -> Iterator[Package]:
        """Yield every package with tests at or below a folder, as ``./...`` would find them."""
        folders = {path.parent for path in self.overlay if _is_test_file(path.name)}
        for at, subfolders, names in os.walk(self.root / folder):
            subfolders[:] = sorted(name for name in subfolders if not _is_left_out(name))
            if any(_is_test_file(name) for name in names):
                folders.add(Path(at).relative_to(self.root))
            if len(folders) > MAX_PACKAGES:
                break
        for found in sorted(folders):
            inside = found.is_relative_to(folder)
            if inside and not any(_is_left_out(name) for name in found.parts):
                package = self.package_at(found)
                if package is not None:
                    yield package


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of one package is to be run."""

    package: Package
    tests: tuple[str, ...] | None
    """Tests and subtests by name; None means all there are."""


def select(tree: Tree, targets: Sequence[str]) -> tuple[tuple[Selection, ...], tuple[str, ...]]:
    """Return what the targets mean, and those of them that mean nothing.

    Raises:
        RunnerError: A target leaves the root.
    """
    if not targets:
        return tuple(Selection(package=p, tests=None) for p in tree.packages_below(Path())), ()
    wanted: dict[Path, tuple[Package, list[str] | None]] = {}
    unknown: list[str] = []
    for target in targets:
        name, has_test, test = target.partition("::")
        relative = _inside(name)
        if tree.is_folder(relative) and not has_test:
            below = list(tree.packages_below(relative))
            wanted |= {package.folder: (package, None) for package in below}
            if not below:
                unknown.append(target)
            continue
        package = tree.package_at(relative.parent) if _is_test_file(relative.name) else None
        tests = _tests(package, relative, test) if package else []
        if package is None or not tests:
            unknown.append(target)
            continue
        _, names = wanted.setdefault(package.folder, (package, []))
        if names is not None:
            names += [test for test in tests if test not in names]
    selections = tuple(
        Selection(package=package, tests=None if names is None else tuple(names))
        for package, names in wanted.values()
    )
    return selections, tuple(unknown)


def _tests(package: Package, relative: Path, test: str) -> list[str]:
    if not test:
        return [name for name, path in package.tests.items() if path == relative]
    top = test.partition("/")[0]
    return [test] if package.tests.get(top) == relative else []


def _inside(name: str) -> Path:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise RunnerError(f"{name} is not a path below the workspace; expected a test file in it")
    return Path(pure)


def _is_test_file(name: str) -> bool:
    return name.endswith(TEST_SUFFIX) and not name.startswith(("_", "."))


def _is_left_out(name: str) -> bool:
    return name.startswith(("_", ".")) or name in {"testdata", "vendor", "node_modules"}

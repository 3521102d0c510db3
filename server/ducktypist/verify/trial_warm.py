"""What all trials share: pytest, its plugins and libraries, and nothing of the workspace.

Runs inside the sandbox with the user's Python (3.8 or newer) and pytest (6 to 9);
``pytest_trials`` copies it next to the run, for ``trial_driver``. Modules of the workspace are
never imported here, so that every fork has fresh ones.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import os
import sys
from importlib import metadata
from typing import Any

from _ducktypist_trial_undoing import is_below  # type: ignore[import-not-found] # its name there

_HOOK = "AssertionRewritingHook"
_PRELOAD_ARGUMENTS = ("--noconftest", "-p", "no:cacheprovider", "-p", "no:randomly")


class Warm:
    """What all forks share: modules of pytest, of its plugins and of the libraries."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._path = list(sys.path)
        self._hook: Any = None

    def load(self) -> None:
        """Import pytest and the plugins that every run loads, as pytest itself does it."""
        with _Aside(self):
            names = [f"no:{name}" for name in self._own_plugins()]
            blocked = [word for name in names for word in ("-p", name)]
            folder = os.environ.get("TMPDIR", "/")
            arguments = ["-c", os.devnull, f"--rootdir={folder}", *_PRELOAD_ARGUMENTS, *blocked]
            try:
                from _pytest.config import _prepareconfig  # noqa: PLC0415 - see below

                # There is no public way to load the plugins without running tests with them.
                config = _prepareconfig([*arguments, folder])
                hooks = [hook for hook in sys.meta_path if type(hook).__name__ == _HOOK]
                self._hook = hooks[0] if hooks else None
                config._ensure_unconfigure()  # noqa: SLF001 - the other half of it
            except BaseException:  # noqa: BLE001, S110 - then the forks load it; they say what is wrong
                pass
        self._settle()

    def load_more(self, modules: list[list[Any]]) -> None:
        """Import libraries that the unpatched code was seen to use."""
        with _Aside(self):
            for name, is_rewritten in modules:
                if name in sys.modules:
                    continue
                try:
                    if is_rewritten and self._hook is not None:
                        self._hook.mark_rewrite(name)
                        sys.meta_path.insert(0, self._hook)
                    importlib.import_module(name)
                except BaseException:  # noqa: BLE001, S112 - the forks import it and say what is wrong
                    continue
                finally:
                    if self._hook in sys.meta_path:
                        sys.meta_path.remove(self._hook)
        self._settle()

    def enter(self) -> None:
        """Make a fork look like ``python -m pytest`` in the workspace."""
        sys.path[:] = [self.root, *self._path[1:]]
        for place in list(sys.path_importer_cache):
            if self.is_own(place):
                del sys.path_importer_cache[place]
        spec = importlib.util.find_spec("pytest.__main__")
        if spec is not None:
            module = importlib.util.module_from_spec(spec)
            module.__name__ = "__main__"
            sys.modules["__main__"] = module
        numpy_random: Any = sys.modules.get("numpy.random")
        if numpy_random is not None:
            # Python's own generator is seeded anew in every fork; this one is not.
            numpy_random.seed()

    def news(self, known: set[str]) -> list[list[Any]]:
        """Return the libraries that were imported since, in order, and whether by pytest's hook."""
        found = []
        for name, module in list(sys.modules.items()):
            spec = getattr(module, "__spec__", None)
            origin = getattr(spec, "origin", None)
            if name in known or spec is None or spec.name != name or not isinstance(origin, str):
                continue
            if os.path.isabs(origin) and self._is_library(origin):  # noqa: PTH117 - of thousands
                loader = type(getattr(module, "__loader__", None)).__name__
                found.append([name, loader == _HOOK])
        return found

    def is_own(self, place: str) -> bool:
        """Tell whether a path is the workspace's, an environment in it left out."""
        is_inside = is_below(sys.prefix, self.root) and is_below(place, sys.prefix)
        return is_below(place, self.root) and not is_inside

    def _is_library(self, origin: str) -> bool:
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
        return not self.is_own(origin) and any(is_below(origin, place) for place in prefixes)

    def _own_plugins(self) -> list[str]:
        """Return the plugins whose code is the workspace's, or cannot be found without it."""
        found = []
        for distribution in metadata.distributions():
            for entry in distribution.entry_points:
                if entry.group == "pytest11":
                    top = entry.value.partition(":")[0].strip().partition(".")[0]
                    if not self._is_elsewhere(top):
                        found.append(entry.name)
        return found

    def _is_elsewhere(self, top: str) -> bool:
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            return False
        if spec is None:
            return False
        places = [spec.origin or "", *(spec.submodule_search_locations or ())]
        return not any(self.is_own(place) for place in places)

    def _settle(self) -> None:
        for name, module in list(sys.modules.items()):
            place = getattr(module, "__file__", None)
            if isinstance(place, str) and self.is_own(place) and name != "__main__":
                del sys.modules[name]
        # Which file is whose module is asked for every failure, and takes long the first time.
        inspect.getmodule(Warm.load.__code__, __file__)
        gc.collect()
        # Forks then write to fewer of the pages that they share.
        gc.freeze()


class _Aside:
    """A stretch in which nothing of the workspace can be imported and nothing is said."""

    def __init__(self, warm: Warm) -> None:
        self._warm = warm

    def __enter__(self) -> None:
        self._kept = (list(sys.path), list(sys.meta_path), dict(os.environ))
        self._streams = (sys.stdin, sys.stdout, sys.stderr)
        self._descriptors = [os.dup(number) for number in (0, 1, 2)]
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.close(nothing)
        sys.path[:] = [place for place in sys.path if place and not self._warm.is_own(place)]
        os.chdir(os.environ.get("TMPDIR", "/"))

    def __exit__(self, *_: object) -> None:
        os.chdir(self._warm.root)
        sys.path[:], sys.meta_path[:], environment = self._kept
        os.environ.clear()
        os.environ.update(environment)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        for number, kept in enumerate(self._descriptors):
            os.dup2(kept, number)
            os.close(kept)

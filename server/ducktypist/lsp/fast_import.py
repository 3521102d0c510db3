"""Imports ``lsprotocol.types`` without paying for the 500 classes that nobody uses.

``lsprotocol.types`` declares about 550 attrs classes. For each of them attrs writes and compiles
an ``__init__``, ``__eq__`` and ``__repr__`` and builds a second, slotted class: two thirds of a
pygls server's whole start-up. A session uses some sixty of them. So while that one module is
imported, ``attrs.define`` only notes the class down, and the real ``attrs.define`` runs when a
class is first instantiated or first asked for its fields.

The classes end up as in stock ``lsprotocol``, except that they are not slotted: an instance has a
``__dict__``. Equality, order, repr, validators, conversion to and from JSON are the same;
``tests/lsp/test_fast_import.py`` compares both. Nothing else is changed: classes of other modules,
and calls of ``attrs.define`` with arguments, go straight to attrs. Without the private names that
it knows of ``lsprotocol`` it falls back on the slow, stock behaviour.

It is not a general lazy importer.
"""

from __future__ import annotations

import gc
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_type_hints

import attrs

_MODULE = "lsprotocol.types"
_RESOLVED = "_resolved_forward_references"


def import_protocol_types() -> None:
    """Import ``lsprotocol.types`` with late class creation; does nothing the second time."""
    if _MODULE in sys.modules:
        return
    lateness = _Lateness(attrs.define)
    with collector_paused():
        attrs.define = lateness.define
        try:
            types = importlib.import_module(_MODULE)
        finally:
            attrs.define = lateness.stock_define
        lateness.resolve_with(types.ALL_TYPES_MAP)
        hooks = importlib.import_module("lsprotocol._hooks")
        # Stock code resolves the annotations of all classes when a converter is made, which would
        # create all of them. Ours are resolved one by one.
        if hasattr(hooks, _RESOLVED):
            setattr(hooks, _RESOLVED, True)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from scanning the many objects that imports create."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Lateness:
    """Stands in for ``attrs.define`` while one module is imported."""

    def __init__(self, stock_define: Callable[..., Any]) -> None:
        self.stock_define = stock_define
        self._names: dict[str, Any] | None = None
        self._lock = threading.RLock()
        self._pending: set[type] = set()
        self._created_unresolved: list[type] = []
        self._fields = _LateFields(self)

    def define(self, maybe_cls: type | None = None, **arguments: Any) -> Any:  # noqa: ANN401 - attrs.define's own signature
        """Note a class of ``lsprotocol.types`` down for later; pass everything else on."""
        if maybe_cls is None or arguments or maybe_cls.__module__ != _MODULE:
            return self.stock_define(maybe_cls, **arguments)
        lateness = self

        def late_init(self: object, *args: object, **kwargs: object) -> None:
            lateness.create(maybe_cls)
            maybe_cls.__init__(self, *args, **kwargs)  # type: ignore[misc] # attrs has replaced it by now

        maybe_cls.__init__ = late_init  # type: ignore[misc] # that is the point
        maybe_cls.__attrs_attrs__ = self._fields  # type: ignore[attr-defined] # as attrs itself does
        self._pending.add(maybe_cls)
        return maybe_cls

    def resolve_with(self, names: dict[str, Any]) -> None:
        """Give the names that the classes' annotations are resolved with."""
        self._names = names
        for cls in self._created_unresolved:
            attrs.resolve_types(cls, names, {})
        self._created_unresolved.clear()

    def create(self, cls: type) -> None:
        """Run the real ``attrs.define`` on a class, once, whichever thread comes first."""
        with self._lock:
            if cls not in self._pending:
                return
            hints: dict[str, Any] = {}
            if self._names is None:
                self._created_unresolved.append(cls)
            else:
                hints = get_type_hints(cls, self._names, {}, include_extras=True)

            def resolved(_: type, fields: list[attrs.Attribute[Any]]) -> list[Any]:
                return [field.evolve(type=hints.get(field.name, field.type)) for field in fields]

            # Without slots attrs changes the class in place, so references to it stay good.
            self.stock_define(cls, slots=False, init=True, field_transformer=resolved)
            if hints:
                cls.__attrs_types_resolved__ = cls  # type: ignore[attr-defined] # as attrs itself does
            self._pending.discard(cls)


class _LateFields:
    """A stand-in for ``__attrs_attrs__``: whoever reads it, causes the class to be created."""

    def __init__(self, lateness: _Lateness) -> None:
        self._lateness = lateness

    def __get__(self, instance: object, owner: type) -> Any:  # noqa: ANN401 - attrs makes a tuple type per class
        pending = next((base for base in owner.__mro__ if self._is_on(base)), None)
        if pending is not None:
            self._lateness.create(pending)
        return owner.__attrs_attrs__  # type: ignore[attr-defined] # attrs has replaced it by now

    def _is_on(self, cls: type) -> bool:
        return cls.__dict__.get("__attrs_attrs__") is self

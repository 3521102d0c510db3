"""One answer to what a command does: the manual page, else our summary, else its help text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from ducktypist.facts.manual.bundled import BUILTINS, bundled_page, supplemented
from ducktypist.facts.manual.help_texts import HelpTexts
from ducktypist.facts.manual.model import Page
from ducktypist.facts.manual.page_files import find_page, read_source
from ducktypist.facts.manual.page_text import parse_page
from ducktypist.facts.manual.remembered import RememberedPages

_MAX_REMEMBERED = 256


class Manual:
    """What this machine knows of commands. May be asked from several threads; blocks."""

    def __init__(
        self,
        *,
        page_dirs: Sequence[Path],
        cache_dir: Path | None,
        help_texts: HelpTexts | None = None,
        bundled: bool = True,
    ) -> None:
        """Prepare; nothing is read.

        Args:
            page_dirs: Folders with manual pages, see ``page_dirs``.
            cache_dir: Our cache folder, for parsed pages in its ``manual``; None for none.
            help_texts: How programs are asked that have neither page nor summary; None: not.
            bundled: Whether our own summaries count.
        """
        self._dirs = tuple(page_dirs)
        self._disk = None if cache_dir is None else RememberedPages(cache_dir / "manual")
        self._help_texts = help_texts
        self._is_bundled = bundled
        self._lock = Lock()
        self._pages: OrderedDict[str, Page | None] = OrderedDict()

    def page(self, names: Sequence[str]) -> Page | None:
        """Return what is known of the first of several names of which something is known.

        Args:
            names: Such as ``("git-commit", "git")``.
        """
        for name in names:
            page = self._remembered(name)
            if page:
                return page
        return None

    def _remembered(self, name: str) -> Page | None:
        with self._lock:
            if name in self._pages:
                self._pages.move_to_end(name)
                return self._pages[name]
        # Two threads may read the same page; both read the same.
        page = self._page(name)
        with self._lock:
            self._pages[name] = page
            if len(self._pages) > _MAX_REMEMBERED:
                self._pages.popitem(last=False)
        return page

    def _page(self, name: str) -> Page | None:
        summary = bundled_page(name) if self._is_bundled else None
        if summary and name in BUILTINS:
            return summary
        page = self._manual_page(name)
        if page and summary:
            return supplemented(page, summary)
        return page or summary or self._help_page(name)

    def _manual_page(self, name: str) -> Page | None:
        file = find_page(name, self._dirs)
        if not file:
            return None
        key = ("page", name, file.section, str(file.path), file.size_bytes, file.mtime_ns)
        page = self._disk.get(*key) if self._disk else None
        if page:
            return page
        source = read_source(file.path)
        if source is None:
            return None
        page = parse_page(source, name=name, section=file.section)
        if self._disk:
            self._disk.put(page, *key)
        return page

    def _help_page(self, name: str) -> Page | None:
        program = self._help_texts.program(name) if self._help_texts else None
        if not self._help_texts or not program:
            return None
        try:
            status = program.stat()
        except OSError:
            return None
        key = ("help", name, str(program), status.st_size, status.st_mtime_ns)
        page = self._disk.get(*key) if self._disk else None
        if page:
            return page
        page = self._help_texts.page(name)
        if page and self._disk:
            self._disk.put(page, *key)
        return page

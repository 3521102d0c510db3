"""Fetches a model file from the Hugging Face hub, or says quickly that the hub is out of reach.

huggingface_hub answers what only it can: endpoint, token, a repository's files with their sizes
and hashes. The bytes themselves come over a plain ranged GET of our own, because its downloader
writes to a cache of its own, cannot be cancelled between chunks, and could not continue a file
that a mirror began.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ducktypist import __version__
from ducktypist.errors import DownloadError
from ducktypist.models.catalog import ModelReference
from ducktypist.models.transfer import CHUNK_BYTES, PartialFile, Watcher

if TYPE_CHECKING:
    import httpx
    from huggingface_hub.hf_api import ModelInfo, RepoSibling

ASK_TIMEOUT_S: Final = 9.0
"""For everything until the hub has answered: names, addresses, connection, headers."""
READ_TIMEOUT_S: Final = 30.0
"""Silence on a running download that counts as a dropped connection."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SPLIT: Final = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_TRUE: Final = frozenset({"1", "ON", "YES", "TRUE"})
_OK: Final = 200
_PARTIAL: Final = 206
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_RANGE_NOT_SATISFIABLE: Final = 416
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_STAGE: Final = "downloading from the hub"
_T = TypeVar("_T")


class HubUnavailableError(DownloadError):
    """The hub did not deliver a first byte, so a mirror may be asked instead."""


class _DroppedError(DownloadError):
    """The connection ended before the file did; another attempt may go on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """One file on the hub, as the hub describes it."""

    repository: str
    name: str
    revision: str
    """The commit, so that a resumed download stays within one version."""
    n_bytes: int
    sha256: str
    """The LFS object id."""

    @property
    def source(self) -> str:
        """Where it came from, for the store's record."""
        return f"hf:{self.repository}@{self.revision[:12]}/{self.name}"


class Hub:
    """The hub at one endpoint."""

    def __init__(
        self, *, endpoint: str | None = None, n_attempts: int = 3, pause_s: float = 1.0
    ) -> None:
        """Remember how to ask; nothing is asked yet.

        Args:
            endpoint: Base address; None means ``HF_ENDPOINT`` or the public hub.
            n_attempts: How often a dropped download is taken up again before giving up.
            pause_s: Wait between these attempts.
        """
        self._endpoint = endpoint
        self._n_attempts = n_attempts
        self._pause_s = pause_s

    def locate(self, reference: ModelReference, *, watcher: Watcher) -> HubFile:
        """Ask the hub for the file's size, hash and version; takes 9 seconds at most.

        Raises:
            HubUnavailableError: The hub is out of reach, refuses, or does not have it.
        """
        repository = reference.hub or ""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE:
            raise HubUnavailableError("HF_HUB_OFFLINE is set, so the hub is not asked; unset it")
        watcher.report("asking the hub", done_bytes=0, total_bytes=reference.n_bytes or 0)
        info = _within(ASK_TIMEOUT_S, lambda: self._ask(repository), watcher=watcher)
        chosen = _choose(info.siblings or [], reference)
        size_bytes = chosen.lfs.size if chosen.lfs else chosen.size
        sha256 = chosen.lfs.sha256 if chosen.lfs else ""
        if not size_bytes or not _SHA256.fullmatch(sha256):
            raise HubUnavailableError(
                f"the hub states no size and SHA-256 for {chosen.rfilename} in {repository}, so a "
                "download could not be checked; choose another file"
            )
        return HubFile(
            repository=repository,
            name=chosen.rfilename,
            revision=info.sha or "main",
            n_bytes=size_bytes,
            sha256=sha256,
        )

    def fetch(self, file: HubFile, partial: PartialFile, *, watcher: Watcher) -> None:
        """Append to ``partial`` what it lacks.

        Raises:
            HubUnavailableError: Not one byte came in this call.
            DownloadError: The connection dropped; what arrived is kept.
        """
        partial.begin(keep_bytes=min(partial.present_bytes, file.n_bytes), watcher=watcher)
        begun_at = partial.done_bytes
        for attempt in range(1, self._n_attempts + 1):
            if partial.done_bytes >= file.n_bytes:
                return
            try:
                self._get(file, partial, watcher=watcher)
            except HubUnavailableError as error:
                if partial.done_bytes > begun_at:
                    raise DownloadError(str(error)) from error
                raise
            except _DroppedError:
                if attempt == self._n_attempts:
                    raise
                watcher.stop_if_cancelled()
                time.sleep(self._pause_s)

    def _ask(self, repository: str) -> ModelInfo:
        import huggingface_hub  # noqa: PLC0415 - costs 0.3 s, and only a pull needs it
        from huggingface_hub import errors  # noqa: PLC0415 - see above

        try:
            api = huggingface_hub.HfApi(endpoint=self._endpoint)
            return api.model_info(repository, files_metadata=True, timeout=ASK_TIMEOUT_S)
        except errors.GatedRepoError as error:
            raise HubUnavailableError(
                f"{repository} is gated: accept its terms on the hub and set HF_TOKEN, then pull "
                "again"
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise HubUnavailableError(
                f"the hub has no repository {repository}, or it is private (then set HF_TOKEN); "
                "check the name"
            ) from error
        except errors.HfHubHTTPError as error:
            status = getattr(error.response, "status_code", "?")
            raise HubUnavailableError(
                f"the hub answered {status} when asked for {repository}; try again later"
            ) from error
        except Exception as error:
            # Its HTTP library changed from requests to httpx to httpx2 between major versions,
            # so what an unreachable hub raises cannot be named for all of them.
            raise HubUnavailableError(
                f"the hub cannot be reached ({type(error).__name__}: {error!s:.200}); check the "
                "network and pull again"
            ) from error

    def _get(self, file: HubFile, partial: PartialFile, *, watcher: Watcher) -> None:
        import httpx  # noqa: PLC0415 - costs 0.1 s, and only a pull needs it
        from huggingface_hub import get_token, hf_hub_url  # noqa: PLC0415 - see _ask

        url = hf_hub_url(
            file.repository, file.name, revision=file.revision, endpoint=self._endpoint
        )
        # Compressed, the bytes would be other than the ones a Range counts.
        headers = {"Accept-Encoding": "identity", "User-Agent": f"ducktypist/{__version__}"}
        token = get_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if partial.done_bytes:
            headers["Range"] = f"bytes={partial.done_bytes}-"
        timeout = httpx.Timeout(READ_TIMEOUT_S, connect=ASK_TIMEOUT_S)
        try:
            # On a redirect to the storage host httpx drops the Authorization header.
            with httpx.stream(
                "GET", url, headers=headers, follow_redirects=True, timeout=timeout
            ) as response:
                self._append_body(response, file, partial, watcher=watcher)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise HubUnavailableError(
                f"the hub's storage cannot be reached ({error!s:.200}); check the network and "
                "pull again"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _dropped(file, partial, str(error) or type(error).__name__) from error

    def _append_body(
        self, response: httpx.Response, file: HubFile, partial: PartialFile, *, watcher: Watcher
    ) -> None:
        status = response.status_code
        _refuse(status, file)
        resumed = status == _PARTIAL and _starts_at(response) == partial.done_bytes
        if partial.done_bytes and not resumed:
            # The server begins anew (or lost its place), so do we.
            partial.begin(keep_bytes=0, watcher=watcher)
            if status != _OK:
                raise _dropped(file, partial, "the server could not resume")
        for chunk in response.iter_bytes(CHUNK_BYTES):
            partial.append(chunk)
            watcher.report(_STAGE, done_bytes=partial.done_bytes, total_bytes=file.n_bytes)
        if partial.done_bytes < file.n_bytes:
            raise _dropped(file, partial, "the answer ended early")


def _choose(siblings: list[RepoSibling], reference: ModelReference) -> RepoSibling:
    """Pick the file that the reference names, or the one of its quantisation.

    Raises:
        HubUnavailableError: There is none, there are several, or it is split.
    """
    files = {item.rfilename: item for item in siblings if item.rfilename.lower().endswith(".gguf")}
    if reference.hub_file is not None:
        if reference.hub_file in files:
            return files[reference.hub_file]
        raise HubUnavailableError(_not_there(reference.hub_file, reference, list(files)))
    wanted = reference.quantisation
    pattern = re.compile(rf"(?<![A-Z0-9]){re.escape(wanted)}(?![A-Z0-9_])", re.IGNORECASE)
    found = [name for name in files if pattern.search(name) and "mmproj" not in name.lower()]
    whole = [name for name in found if not _SPLIT.search(name)]
    if len(whole) == 1:
        return files[whole[0]]
    if found and not whole:
        raise HubUnavailableError(
            f"{reference.hub} has {wanted} only split into {len(found)} files, which Ducktypist "
            "does not join; choose another quantisation, or join them with llama.cpp's "
            "gguf-split and give the path"
        )
    if whole:
        raise HubUnavailableError(
            f"{reference.hub} has several files of {wanted}: {', '.join(sorted(whole))}; download "
            "the one you mean and give its path"
        )
    raise HubUnavailableError(_not_there(wanted, reference, list(files)))


def _not_there(wanted: str, reference: ModelReference, names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:12]) or "no GGUF file at all"
    return f"{reference.hub} on the hub has no {wanted}; it has {shown}"


def _refuse(status: int, file: HubFile) -> None:
    if status in {_OK, _PARTIAL, _RANGE_NOT_SATISFIABLE}:
        return
    what = f"the hub answered {status} for {file.name} of {file.repository}"
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        hint = "accept the model's terms on the hub and set HF_TOKEN, then pull again"
    elif status == _NOT_FOUND:
        hint = "check the name"
    elif status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
        hint = "try again later"
    else:
        hint = "a proxy may be in between; check the network"
    raise HubUnavailableError(f"{what}; {hint}")


def _starts_at(response: httpx.Response) -> int:
    """Return the first byte of a 206 answer (RFC 9110, section 14.4), -1 when it does not say."""
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _dropped(file: HubFile, partial: PartialFile, why: str) -> _DroppedError:
    return _DroppedError(
        f"the download of {file.name} stopped after {partial.done_bytes} of {file.n_bytes} bytes "
        f"({why:.200}); they are kept, run it again to resume"
    )


def _within(limit_s: float, work: Callable[[], _T], *, watcher: Watcher) -> _T:
    """Run ``work`` in a thread, and give up on it after ``limit_s``.

    A socket's timeout holds for one address and one read; name resolution has none. Only a clock
    of our own bounds the sum.
    """
    result: concurrent.futures.Future[_T] = concurrent.futures.Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the waiting thread
            result.set_exception(error)

    threading.Thread(target=run, name="ask-the-hub", daemon=True).start()
    deadline = time.monotonic() + limit_s
    while not result.done():
        watcher.stop_if_cancelled()
        if time.monotonic() > deadline:
            raise HubUnavailableError(
                f"the hub did not answer within {limit_s:.0f} s; check the network and pull again"
            )
        concurrent.futures.wait([result], timeout=0.1)
    return result.result()

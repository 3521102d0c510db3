"""Calls one function of several versions of a file and says what each call came to.

Runs inside the sandbox with the user's Python (3.8 or newer) and the standard library only;
``behaviour`` copies it next to the run. Each version gets a process of its own, so that one that
ends its process, never ends or eats memory costs only itself. What is said makes no verdict.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

import _ducktypist_behaviour_child as inside  # type: ignore[import-not-found] # its name beside the run

TOO_LONG, DIED, NOT_RUN = "too_long", "died", "not_run"
MAX_PROCESSES = 4
MAX_LINE = 10**6
MAX_PART = 500
ENDINGS = ("returned", "raised", TOO_LONG, "varied", NOT_RUN)


def main() -> None:
    """Read the plan, try version after version, report each as soon as it is done."""
    report_fd = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
    os.set_inheritable(report_fd, False)  # noqa: FBT003 - positional-only in Python
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    here = str(Path.cwd())
    places = [str(Path(here, place)) for place in plan["places"]]
    # The first is this file's own folder. Python's libraries are in the others, if not in ours.
    sys.path[:] = [*places, *(entry for entry in sys.path[1:] if entry not in places)]
    target = Path(here, plan["path"])

    def report(**fields: object) -> None:
        data = (json.dumps({"nonce": plan["nonce"], **fields}) + "\n").encode()
        while data:
            data = data[os.write(report_fd, data) :]

    with contextlib.suppress(BaseException), inside.silence():
        # Only to have what it imports at hand; each version is imported anew by its own process.
        inside.load(plan["module"], target)
    own = [name for name, module in sys.modules.items() if inside.is_below(module, here)]
    deadline = time.monotonic() + plan["budget_s"]
    # A version may only be given its share, so that the last one is not left without.
    for index, text in enumerate(plan["texts"]):
        share_s = (deadline - time.monotonic()) / (len(plan["texts"]) - index)
        until = time.monotonic() + max(
            plan["call_s"], min(share_s * 2, deadline - time.monotonic())
        )
        target.write_bytes(text.encode("utf-8"))
        # Later than any compiled file that lies about, and than the version before.
        os.utime(str(target), (time.time() + 10 + 2 * index,) * 2)
        version = Version(plan, target, own, report_fd)
        report(version=index, **version.run(until))
    report(done=True)
    os._exit(0)


class Version:
    """One version of the file: as many processes as it takes to get through the inputs."""

    def __init__(self, plan: dict[str, Any], target: Path, own: list[str], report_fd: int) -> None:
        self.plan = plan
        self.target = target
        self.own = own
        self.report_fd = report_fd
        self.outputs: list[list[str]] = []
        self.noticed: set[str] = set()
        self.broken = ""
        self.is_ready = False

    def run(self, until: float) -> dict[str, Any]:
        """Return what became of each input before ``until``, as far as it came."""
        n_inputs, n_processes = len(self.plan["inputs"]), 0
        while len(self.outputs) < n_inputs and n_processes < MAX_PROCESSES and not self.broken:
            n_processes += 1
            if time.monotonic() >= until:
                break
            self._one_process(until)
        missing = n_inputs - len(self.outputs)
        self.outputs += [[NOT_RUN, self.broken, "", ""]] * missing
        return {"outputs": self.outputs, "noticed": sorted(self.noticed), "broken": self.broken}

    def _one_process(self, until: float) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                os.close(self.report_fd)
                inside.be_version(self.plan, self.target, self.own, len(self.outputs), writer)
            finally:
                os._exit(1)
        os.close(writer)
        is_over = False
        try:
            is_over = self._read(reader, until)
        finally:
            os.close(reader)
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if not is_over and len(self.outputs) < len(self.plan["inputs"]) and not self.broken:
            self.outputs.append([DIED, "ends its process", DIED, ""])

    def _read(self, reader: int, until: float) -> bool:
        """Take what the process says; tell whether what became of it is written down."""
        buffer = b""
        self.is_ready = False
        while len(self.outputs) < len(self.plan["inputs"]):
            wait_s = self.plan["wall_s"] if self.is_ready else inside.IMPORT_S
            wait_s = max(0.0, min(wait_s, until - time.monotonic()))
            if not select.select([reader], [], [], wait_s)[0]:
                self._give_up(until)
                return True
            chunk = os.read(reader, 65536)
            if not chunk:
                if not self.is_ready:
                    self.broken = self.broken or "it ends the process when it is imported"
                return bool(self.broken)
            *lines, buffer = (buffer + chunk).split(b"\n")
            if len(buffer) > MAX_LINE or not all(map(self._take, lines)):
                return False
        return True

    def _give_up(self, until: float) -> None:
        """Say why nothing more is waited for; nothing where the time for all of it is up."""
        if time.monotonic() >= until:
            return
        if not self.is_ready:
            self.broken = "its import does not end"
        else:
            self.outputs.append([TOO_LONG, "does not end", TOO_LONG, ""])

    def _take(self, line: bytes) -> bool:
        """Write down one line of what the process says; False when it is none of ours."""
        try:
            said = json.loads(line)
            output = said.get("output")
            self.is_ready = self.is_ready or "ready" in said
            self.broken = self.broken or str(said.get("broken", ""))
            self.noticed |= set(map(str, said.get("noticed", ())))
            if output and len(self.outputs) < len(self.plan["inputs"]):
                how, shown, key, kind = (str(part)[:MAX_PART] for part in output)
                self.outputs.append([how if how in ENDINGS else DIED, shown, key, kind])
        except (ValueError, TypeError, AttributeError):
            return False
        return True


if __name__ == "__main__":
    main()

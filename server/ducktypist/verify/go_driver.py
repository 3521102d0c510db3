"""Runs ``go`` inside the sandbox, and passes on what it said, line by line, on a pipe of its own.

Started by ``go_runner`` with our own Python, and therefore on the standard library only. The plan
is a JSON file; in a dialogue every line on the command pipe is one more. The tests' own output goes
to standard output as they wrote it, where the sandbox counts it.
Not here: what a line means (``go_report``).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

OWN_VARIABLES = ("DUCKTYPIST_REPORT_FD", "DUCKTYPIST_COMMAND_FD")
MAX_TRACED = 400
"""How many tests are traced, each in a process of its own."""
SAMPLE_S = 0.05
"""How long to look which of its threads works."""
MAX_PANICS = 20
"""How many panics of one package are gone round."""
GRACE_S = 0.4
"""How long a test program has to print its stacks when its time is over."""
_CRASHES = ("panic: ", "fatal error: ")
_TEST_FUNCTION = re.compile(r"(\bfunc\b[^\n{]*?\(\s*(\w+)\s+\*(?:\w+\.)?T\s*\)\s*\{)")


def main() -> int:
    """Carry out the plan, or one plan after the other."""
    report_fd = int(os.environ[OWN_VARIABLES[0]])
    command_fd = os.environ.get(OWN_VARIABLES[1])
    environment = {key: value for key, value in os.environ.items() if key not in OWN_VARIABLES}
    os.set_inheritable(report_fd, False)  # noqa: FBT003 - positional-only in Python
    with os.fdopen(report_fd, "wb") as pipe:
        if len(sys.argv) > 1:
            plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
            return Driver(pipe, environment, plan["nonce"]).run(plan)
        if command_fd is None:
            return 2
        os.set_inheritable(int(command_fd), False)  # noqa: FBT003 - positional-only in Python
        with os.fdopen(int(command_fd), "rb") as commands:
            for line in commands:
                plan = json.loads(line)
                Driver(pipe, environment, plan["nonce"]).run(plan)
    return 0


class Driver:
    """One plan being carried out."""

    def __init__(self, pipe: IO[bytes], environment: dict[str, str], nonce: str) -> None:
        self._pipe = pipe
        self._environment = environment
        self._head = b'{"nonce":' + json.dumps(nonce).encode()
        self._root = Path.cwd()
        self._tests: list[tuple[str, str]] = []
        self._panicked: set[str] = set()
        self._hidden = ""
        self._expires = 0.0
        self._is_expired = False

    def run(self, plan: dict[str, Any]) -> int:
        """Do everything in order; the status is 1 when any ``go`` failed."""
        for name in plan.get("remove", ()):
            self._remove(name)
        for name, text in plan.get("files", {}).items():
            self._lay(name, text)
        self._hidden = plan.get("hidden", "")
        self._expires = time.monotonic() + plan["timeout_s"]
        worst = 0
        for number, job in enumerate(plan["jobs"]):
            worst = max(worst, self._job(number, job))
            self._go_on(number, job)
        for job in () if self._is_expired else plan.get("trace", ()):
            self._trace(job)
        expired = b',"expired":true' if self._is_expired else b""
        self._say(expired + b',"finished":' + str(worst).encode())
        return worst

    def _remove(self, name: str) -> None:
        path = self._root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def _lay(self, name: str, text: str | None) -> None:
        path = self._root / name
        if text is None:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(text)

    def _job(self, number: int, job: dict[str, Any]) -> int:
        head = b',"job":' + str(number).encode()
        process = subprocess.Popen(  # noqa: S603 - the argv of our plan; no shell
            job["argv"],
            cwd=self._root / job["cwd"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if process.stdout is None:
            return 2
        timer = threading.Timer(self._expires - time.monotonic(), self._expire, [process.pid])
        timer.daemon = True
        timer.start()
        for raw in process.stdout:
            line = raw.rstrip()
            event = _event(line)
            if event is None:
                # A `go` before 1.24 writes what does not compile to standard error, as it is.
                self._say(head + b',"text":' + json.dumps(_decoded(line)).encode())
                self._show(_decoded(raw))
                continue
            self._say(head + b',"event":' + line)
            if not self._hidden or self._hidden not in str(event.get("Test", "")):
                self._show(str(event.get("Output", "")))
            if str(event.get("Output", "")).startswith(_CRASHES):
                self._panicked.add(str(event.get("Package", "")))
            if event.get("Action") in {"pass", "fail"} and event.get("Test"):
                self._tests.append((str(event.get("Package", "")), str(event["Test"])))
        status = process.wait()
        timer.cancel()
        _kill_group(process.pid)
        self._say(head + b',"status":' + str(status).encode())
        return 1 if status else 0

    def _go_on(self, number: int, job: dict[str, Any]) -> None:
        """Run what a panic kept from being run: it takes all later tests of its package along."""
        for package, expected in job.get("expected", {}).items():
            for _ in range(MAX_PANICS):
                done = {test for path, test in self._tests if path == package}
                left = [test for test in expected["tests"] if test not in done]
                if package not in self._panicked or not left or self._is_expired:
                    break
                pattern = f"-run=^({'|'.join(map(re.escape, left))})$"
                self._panicked.discard(package)
                argv = [*expected["argv"], pattern, expected["folder"]]
                self._job(number, {"cwd": job["cwd"], "argv": argv})

    def _expire(self, leader: int) -> None:
        """End a run whose time is over, after its tests have said where they are."""
        self._is_expired = True
        programs = _test_programs(leader)
        for pid in programs:
            _ask_for_stacks(pid)
        until = time.monotonic() + GRACE_S
        while time.monotonic() < until and any(
            Path(f"/proc/{pid}/exe").exists() for pid in programs
        ):
            time.sleep(0.01)
        # What they said still has to go through `go`.
        time.sleep(0.1)
        _kill_group(leader)
        for pid in programs:
            _kill(pid)

    def _trace(self, job: dict[str, Any]) -> None:
        """Run each test alone with coverage, and say which blocks ran.

        A panic ends a test program before it writes its profile, so each test function recovers
        here; what the tests say counts in the run before only.
        """
        folder = self._root / job["cwd"] / job["folder"]
        for path in folder.glob("*_test.go"):
            text = path.read_text("utf-8", errors="surrogateescape")
            caught = _TEST_FUNCTION.sub(_recovering, text)
            if caught != text:
                path.unlink()
                path.write_text(caught, "utf-8", errors="surrogateescape")
        program = Path(self._environment["GOTMPDIR"]) / "traced.test"
        packages = self._workspace_packages(job)
        argv = [*job["build"], f"-coverpkg={','.join(packages)}", "-o", str(program)]
        built = subprocess.run(  # noqa: S603 - the argv of our plan; no shell
            [*argv, "./" + job["folder"]],
            cwd=self._root / job["cwd"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if built.returncode or not program.exists():
            return
        for package, test in self._to_trace(job):
            profile = program.with_suffix(".out")
            profile.unlink(missing_ok=True)
            self._run_traced(program, test, profile, folder, float(job["timeout_s"]))
            if profile.exists():
                blocks = profile.read_text("utf-8", errors="replace").splitlines()[1:]
                ran = [line for line in blocks if not line.endswith(" 0")]
                fields = {"package": package, "test": test, "blocks": ran}
                self._say(b',"covered":' + json.dumps(fields).encode())
        program.unlink()

    def _to_trace(self, job: dict[str, Any]) -> list[tuple[str, str]]:
        tests = [
            (package, test)
            for package, test in dict.fromkeys(self._tests)
            if package == job["package"] and test.partition("/")[0] not in job["left_out"]
        ]
        return tests[:MAX_TRACED]

    def _workspace_packages(self, job: dict[str, Any]) -> list[str]:
        listed = subprocess.run(  # noqa: S603 - the argv of our plan; no shell
            [*job["list"], "./" + job["folder"]],
            cwd=self._root / job["cwd"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = [name for name in listed.stdout.split() if "[" not in name]
        module = job["module"]
        own = [name for name in found if name == module or name.startswith(module + "/")]
        # The program that `go test` generates is listed, too, and is no package.
        return sorted({name for name in own if not name.endswith(".test")} | {job["package"]})

    def _run_traced(
        self, program: Path, test: str, profile: Path, folder: Path, timeout_s: float
    ) -> None:
        pattern = "/".join(f"^{re.escape(part)}$" for part in test.split("/"))
        argv = [str(program), f"-test.run={pattern}", f"-test.coverprofile={profile}"]
        begun = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - the program that was built above
            [*argv, f"-test.timeout={timeout_s}s"],
            cwd=folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout_s + 1.0 - (time.monotonic() - begun))
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
        _kill_group(process.pid)

    def _say(self, fields: bytes) -> None:
        self._pipe.write(self._head + fields + b"}\n")
        self._pipe.flush()

    def _show(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _recovering(match: re.Match[str]) -> str:
    name = match[2]
    if name == "_":
        return match[0]
    # All on the line of the brace, so that lines keep their numbers.
    report = f'if r := recover(); r != nil {{ {name}.Errorf("%v", r) }}'
    return f"{match[1]} defer func() {{ {report} }}(); "


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "Action" in found else None


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")


def _test_programs(session: int) -> list[int]:
    """Return the test programs that a ``go`` started."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            is_test = str((entry / "exe").readlink()).endswith(".test")
            is_ours = os.getsid(int(entry.name)) == session
        except OSError:
            continue
        if is_test and is_ours:
            found.append(int(entry.name))
    return found


def _ask_for_stacks(pid: int) -> None:
    """Send SIGQUIT to the thread that works most: only its own stack can Go show while it runs.

    A goroutine may move to another thread in the very moment; then only those that wait are shown.
    """
    before = _ticks(pid)
    time.sleep(SAMPLE_S)
    worked = {
        task: (ticks - before.get(task, 0), is_running, ticks)
        for task, (ticks, is_running) in _ticks_and_states(pid).items()
    }
    _kill(max(worked, key=lambda task: worked[task], default=pid), signal.SIGQUIT)


def _ticks(pid: int) -> dict[int, int]:
    return {task: ticks for task, (ticks, _) in _ticks_and_states(pid).items()}


def _ticks_and_states(pid: int) -> dict[int, tuple[int, bool]]:
    """Return how much each thread has worked, and whether it is running now."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            fields = (task / "stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        found[int(task.name)] = (int(fields[11]) + int(fields[12]), fields[0] == "R")
    return found


def _kill(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] # a text stream it is
    raise SystemExit(main())

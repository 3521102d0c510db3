from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ducktypist import config, trust
from ducktypist.app import App
from ducktypist.config import Config
from ducktypist.errors import ConfigError, EngineUnavailableError, UnknownModelError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.verify.go_runner import GoRunner
from support import keyrings
from support.keyrings import FakeKeyring


@pytest.fixture
def workspace(tmp_path: Path, user_file: Path) -> Path:  # noqa: ARG001 - no real user's settings
    """A workspace folder with awkward characters in its name."""
    root = tmp_path / "it's a work space"
    root.mkdir()
    return root


def write(root: Path, text: str | bytes) -> None:
    """Write a workspace's settings."""
    raw = text.encode() if isinstance(text, str) else text
    (root / config.WORKSPACE_FILE).write_bytes(raw)


def test_three_layers(workspace: Path, user_file: Path) -> None:
    """The user's file, the workspace's and the editor's settings lie over each other."""
    user_file.write_text("[fix]\nrepeats = 5\nbudget_s = 10\nmax_candidates = 9\n")
    write(workspace, "[fix]\nrepeats = 4\nbudget_s = 20\n")
    app = App(roots=[workspace], settings={"fix": {"repeats": 3}})
    assert app.problems == []
    assert (app.config.fix.repeats, app.config.fix.budget_s) == (3, 20.0)
    assert app.config.fix.max_candidates == 9


def test_the_command_line_wins(workspace: Path) -> None:
    """A backend or address given when starting is what holds."""
    settings = {"engine": {"url": "http://one", "backend": "x"}}
    assert App(settings=settings, engine_url="http://two").config.engine.url == "http://two"
    chosen = App(roots=[workspace], settings=settings, backend="scripted:s.toml").config.engine
    assert (chosen.url, chosen.backend) == ("", "scripted:s.toml")


RESTRICTED = """\
[engine]
url = "http://evil.example"
backend = "scripted:/tmp/x"
[model]
name = "evil.gguf"
[python]
interpreter = "./evil.sh"
[ledger]
path = "/tmp/evil"
[verify]
max_processes = 100000
timeout_s = 3
[explain]
enabled = false
"""


def test_an_untrusted_workspace_sets_nothing_dangerous(workspace: Path) -> None:
    """Programs, addresses, files and limits are ignored with one message; the rest is taken."""
    write(workspace, RESTRICTED)
    app = App(roots=[workspace])
    assert app.config.engine == Config().engine
    assert app.config.model == Config().model
    assert app.config.python == Config().python
    assert app.config.ledger == Config().ledger
    assert app.config.verify.max_processes == Config().verify.max_processes
    assert app.config.verify.timeout_s == 3.0
    assert not app.config.explain.enabled
    (problem,) = app.problems
    for word in ("engine", "model", "python", "ledger", "verify.max_processes", "not trusted"):
        assert word in problem


@pytest.mark.parametrize("by", ["the editor", "the list"])
def test_a_trusted_workspace_may_set_everything(workspace: Path, by: str) -> None:
    """Trust comes from the editor or from the user's list, and opens all settings."""
    write(workspace, RESTRICTED)
    if by == "the list":
        trust.trust(workspace)
    app = App(roots=[workspace], trusted=by == "the editor")
    assert app.problems == []
    assert app.config.engine.url == "http://evil.example"
    assert app.config.verify.max_processes == 100_000


def test_one_trusted_folder_does_not_open_another(workspace: Path, tmp_path: Path) -> None:
    """Each workspace folder's file is judged by its own trust."""
    other = tmp_path / "other"
    other.mkdir()
    trust.trust(other)
    write(workspace, RESTRICTED)
    write(other, '[python]\ninterpreter = "mine"\n')
    app = App(roots=[workspace, other])
    assert app.config.python.interpreter == "mine"
    assert app.config.engine == Config().engine
    assert len(app.problems) == 1


BAD: dict[str, bytes] = {
    "syntax": b"[fix\n",
    "wrong type": b"[fix]\nrepeats = 'three'\n",
    "boolean for number": b"[fix]\nrepeats = true\n",
    "unknown section": b"[fixx]\n",
    "unknown key": b"[fix]\nrepeat = 3\n",
    "section is a value": b"fix = 3\n",
    "section is a list": b"[[fix]]\nrepeats = 3\n",
    "ten megabytes": b"# " + b"x" * 10_000_000,
    "NUL": b"[fix]\n\x00\n",
    "not UTF-8": b"[fix]\n# \xff\n",
    "UTF-16": "[fix]\n".encode("utf-16"),
    "deep nesting": b"x = " + b"[" * 8_000,
    "deep key": b"fix.repeats" + b".a" * 7_000 + b" = 1\n",
    "shell text": b"[explain]\nenabled = '$(touch /tmp/x); `id`'\n",
    "traversal": b"'../../etc/passwd' = 1\n",
    "untrusted command": b"[python]\ntest_command = 'rm -rf /'\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_workspace_file_is_one_problem_and_the_defaults(workspace: Path, name: str) -> None:
    """Whatever a file holds, the server starts with what it had, and says what is wrong once."""
    write(workspace, BAD[name])
    app = App(roots=[workspace])
    assert app.config == Config()
    (problem,) = app.problems
    assert str(workspace) in problem
    assert len(problem) < 600
    assert not problem.endswith(".")


def test_a_bad_file_that_is_no_file(workspace: Path) -> None:
    """A folder, FIFO or link to nothing in its place does not stop or block the start."""
    path = workspace / config.WORKSPACE_FILE
    os.mkfifo(path)
    assert "is not a regular file" in App(roots=[workspace]).problems[0]
    path.unlink()
    path.mkdir()
    assert len(App(roots=[workspace]).problems) == 1
    path.rmdir()
    path.symlink_to("nowhere")
    assert App(roots=[workspace]).problems == []


def test_a_bad_layer_does_not_take_the_others_down(workspace: Path, user_file: Path) -> None:
    """What is right in one place holds although another is wrong."""
    user_file.write_text("[fix]\nrepeats = 5\n")
    write(workspace, "nonsense")
    app = App(roots=[workspace], settings={"explain": {"max_tokens": "x"}})
    assert app.config.fix.repeats == 5
    assert len(app.problems) == 2
    assert "the editor's settings" in app.problems[1]


@pytest.mark.parametrize(
    "settings", [{"fix": None}, {"fix": []}, {"engine": {"url": {}}}, {"": {}}]
)
def test_bad_editor_settings(user_file: Path, settings: Mapping[str, Any]) -> None:  # noqa: ARG001 - no real user's settings
    """An editor's settings are checked like a file's."""
    app = App(settings=settings)
    assert app.config == Config()
    assert len(app.problems) == 1


def test_the_root_of_a_file(workspace: Path, tmp_path: Path) -> None:
    """The innermost folder holds a file, links are followed, and files elsewhere have no root."""
    inner = workspace / 'pa"ck age'
    inner.mkdir()
    (tmp_path / "link").symlink_to(workspace)
    (workspace / "out.py").symlink_to(tmp_path / "elsewhere.py")
    app = App(roots=[workspace, inner])
    assert app.root_of(inner / "a.py") == inner.resolve()
    assert app.root_of(workspace / "a.py") == workspace.resolve()
    assert app.root_of(tmp_path / "link" / "a.py") == workspace.resolve()
    assert app.root_of(workspace / "out.py") is None
    assert app.root_of(inner / ".." / "b.py") == workspace.resolve()
    assert app.root_of(tmp_path / "it's a work space too" / "a.py") is None
    assert app.root_of(None) is None
    assert App().root_of(tmp_path / "a.py") == tmp_path.resolve()


async def test_nothing_is_run_without_root_or_trust(workspace: Path) -> None:
    """Why nothing may be run is said in words, and no sandbox is even looked for."""
    app = await asyncio.to_thread(App, roots=[workspace])
    outside = await app.grounds(None, {})
    assert isinstance(outside, NotRunnable)
    assert "no workspace folder" in outside.reason
    untrusted = await app.grounds(workspace, {})
    assert isinstance(untrusted, NotRunnable)
    assert f"ducktypist trust {workspace}" in untrusted.reason
    assert app._running.known_status() is None
    await app.aclose()


@pytest.mark.sandbox
async def test_grounds_of_a_trusted_folder(workspace: Path) -> None:
    """Limits come from the settings; a missing interpreter is a reason and no exception."""
    await asyncio.to_thread(trust.trust, workspace)
    app = await asyncio.to_thread(
        App, roots=[workspace], settings={"verify": {"timeout_s": 2.5, "suite_timeout_s": 7}}
    )
    grounds = await app.grounds(workspace, {Path("a.py"): "x"})
    assert isinstance(grounds, Grounds)
    assert (grounds.limits.timeout_s, grounds.suite_limits.timeout_s) == (2.5, 7.0)
    assert grounds.text_of(Path("a.py")) == "x"
    await app.aclose()
    app = await asyncio.to_thread(
        App, roots=[workspace], settings={"python": {"interpreter": "no-such-python"}}
    )
    refused = await app.grounds(workspace, {})
    assert isinstance(refused, NotRunnable)
    assert "no-such-python" in refused.reason
    await app.aclose()


@pytest.mark.sandbox
async def test_what_go_needs_is_built_ahead_for_trusted_folders_only(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of a Go module, once it is trusted; nothing where nothing may be run."""
    built: list[Path] = []

    async def warm_all(_: GoRunner, root: Path) -> None:
        built.append(root)

    monkeypatch.setattr(GoRunner, "warm_all", warm_all)
    await asyncio.to_thread((workspace / "go.mod").write_text, "module x\n\ngo 1.22\n")
    for trusted in (False, True):
        app = await asyncio.to_thread(App, roots=[workspace], trusted=trusted)
        await app.warm_tests(app.roots[0])
        await app.aclose()
        assert built == (list(app.roots) if trusted else [])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"model": {"name": "no-such-model"}}, UnknownModelError),
        ({"engine": {"backend": "magic"}}, ConfigError),
        ({"engine": {"backend": "scripted:/nowhere.toml"}}, EngineUnavailableError),
    ],
)
async def test_an_engine_that_cannot_be_built(
    workspace: Path, settings: Mapping[str, Any], error: type[Exception]
) -> None:
    """The status says what is wrong with the engine's settings; asking for it raises it."""
    app = await asyncio.to_thread(App, roots=[workspace], settings=settings)
    status: Any = await app.status()
    assert status["engine"]["state"] == "failed"
    assert status["engine"]["last_error"]
    assert status["workspaces"] == [{"path": str(workspace), "trusted": False}]
    with pytest.raises(error):
        await app.workbench(wait_s=0.0)
    await app.aclose()


async def test_stats_of_a_fresh_ledger(workspace: Path) -> None:
    """Before the first suggestion the table is empty and nothing is written."""
    app = await asyncio.to_thread(App, roots=[workspace])
    table: Any = await app.stats()
    assert (table["n_suggestions"], table["cells"]) == (0, [])
    await app.aclose()
    assert not config.data_dir().exists()


def test_settings_reach_the_host(workspace: Path, tmp_path: Path) -> None:
    """Cache, flash attention and the watchdog's limit go from the settings to the process."""
    script = tmp_path / "s.toml"
    script.write_text("")
    settings = {"engine": {"backend": f"scripted:{script}", "step_timeout_s": 7}}
    assert App(roots=[workspace], settings=settings).host_spec().step_timeout_s == 7.0


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """A keyring with one key, and another key in the environment."""
    made = keyrings.install(monkeypatch)
    made.kept["ducktypist", "http://one.example"] = "from-keyring"
    monkeypatch.setenv("DUCKTYPIST_API_KEY", "from-environment")
    return made


@pytest.mark.usefixtures("keyring")
async def test_a_workspaces_address_does_not_get_the_users_variable(workspace: Path) -> None:
    """It gets what the keyring holds for it, if anything; the user's address gets the variable."""
    await asyncio.to_thread(trust.trust, workspace)
    await asyncio.to_thread(write, workspace, '[engine]\nurl = "http://two.example"\n')
    by_editor = {"engine": {"url": "http://one.example"}}
    for given, source in (
        ({"settings": by_editor}, "environment"),
        ({"engine_url": "http://one.example/v1"}, "environment"),
        ({}, "none"),
    ):
        app = await asyncio.to_thread(lambda given=given: App(roots=[workspace], **given))
        status: Any = await app.status()
        assert (status["engine"]["api_key_from"], app.problems) == (source, [])
        assert "from-environment" not in str(status)
        await app.aclose()
    await asyncio.to_thread(write, workspace, '[engine]\nurl = "http://one.example"\n')
    app = await asyncio.to_thread(App, roots=[workspace])
    assert app._api_key().value == "from-keyring"


async def test_a_trusted_workspace_names_no_variable(workspace: Path) -> None:
    """Which variable is sent away is the user's choice; the rest of the file is taken."""
    await asyncio.to_thread(trust.trust, workspace)
    text = '[engine]\nurl = "http://one.example"\napi_key_env = "AWS_SECRET_ACCESS_KEY"\n'
    await asyncio.to_thread(write, workspace, text)
    app = await asyncio.to_thread(App, roots=[workspace])
    assert app.config.engine.api_key_env == Config().engine.api_key_env
    assert app.config.engine.url == "http://one.example"
    (problem,) = app.problems
    assert "engine.api_key_env ignored, since no workspace may set that" in problem


async def test_a_locked_keyring_is_told(
    workspace: Path, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine is asked without a key, and the status says why there is none."""
    monkeypatch.delenv("DUCKTYPIST_API_KEY")
    keyring.locked = True
    settings = {"engine": {"url": "http://127.0.0.1:9"}}
    app = await asyncio.to_thread(App, roots=[workspace], settings=settings)
    status: Any = await app.status()
    assert status["problems"] == ["the keyring cannot be read: it is locked"]
    await app.aclose()

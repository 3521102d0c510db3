"""The life of a session, and what the protocol object promises beyond pygls."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from ducktypist.lsp.orphan import end_of
from support.stdio_client import RpcError, StdioClient, framed

pytestmark = pytest.mark.e2e

SERVER = [sys.executable, Path(__file__).parents[1] / "support" / "floor_server.py"]
HEAVY = {"click", "rich", "httpx", "tree_sitter", "numpy", "llama_cpp", "psutil", "starlette"}


def command(name: str) -> dict[str, str]:
    """Return the parameters that run one of the test server's commands."""
    return {"command": f"floor.{name}"}


async def run(client: StdioClient, name: str) -> Any:
    """Run one of the test server's commands."""
    return await client.request("workspace/executeCommand", command(name))


async def test_requests_before_initialize_are_refused() -> None:
    """They get ServerNotInitialized, notifications nothing, and the handshake still works."""
    async with StdioClient.started(SERVER) as client:
        client.open("file:///x", "early")
        with pytest.raises(RpcError) as refused:
            await client.request("textDocument/hover", {})
        assert refused.value.code == -32002
        with pytest.raises(RpcError) as refused:
            await client.request("initialize", {"capabilities": 3})
        assert refused.value.code == -32602
        assert (await client.initialize())["serverInfo"]["name"] == "floor"
        assert not client.errors


async def test_requests_after_shutdown_are_refused() -> None:
    """They get InvalidRequest; exit then ends the server with status 0."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        assert await client.request("shutdown") is None
        with pytest.raises(RpcError) as refused:
            await run(client, "state")
        assert refused.value.code == -32600
        client.notify("exit")
        assert await client.exit_status() == 0


async def test_exit_without_shutdown_is_a_failure() -> None:
    """The status is 1, before and after initialize."""
    async with StdioClient.started(SERVER) as client:
        client.notify("exit")
        assert await client.exit_status() == 1
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.notify("exit")
        assert await client.exit_status() == 1


async def test_shutdown_cancels_what_runs() -> None:
    """Running requests are answered with RequestCancelled, and shutdown with null."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        running = [
            client.start_request("workspace/executeCommand", command("sleep")) for _ in range(5)
        ]
        await client.request("shutdown")
        for msg_id in running:
            with pytest.raises(RpcError) as cancelled:
                await client.result(msg_id)
            assert cancelled.value.code == -32800
        client.notify("exit")
        assert await client.exit_status() == 0


async def test_a_cancelled_command_is_answered_once_and_stops() -> None:
    """Cancelling reaches the command's own coroutine, and there is one reply."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        msg_id = client.start_request("workspace/executeCommand", command("sleep"))
        await client.notification("window/logMessage")
        seen = len(client.messages)
        client.notify("$/cancelRequest", {"id": msg_id})
        client.notify("$/cancelRequest", {"id": msg_id})
        with pytest.raises(RpcError) as cancelled:
            await client.result(msg_id)
        assert cancelled.value.code == -32800
        logged = await client.notification("window/logMessage", after=seen)
        assert logged["message"] == "cancelled"
        await run(client, "state")
        assert sum(each.get("id") == msg_id for each in client.messages) == 1
        assert not client.errors


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("stale", -32801, "the text moved on; ask again"),
        ("down", -32803, "nobody answers; start one"),
        ("bug", -32603, "ZeroDivisionError: a bug"),
        ("nan", -32603, "not JSON"),
        ("missing", -32602, "not defined"),
    ],
)
async def test_errors_become_readable_replies(name: str, code: int, says: str) -> None:
    """Our own errors have LSP's codes and their own words; a bug is named, and logged."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        with pytest.raises(RpcError, match=says) as failed:
            await run(client, name)
        assert failed.value.code == code
        # The one that asks, and its command's coroutine.
        assert (await run(client, "state"))["requests"] == 2


async def test_a_request_with_the_id_of_a_running_one_is_refused() -> None:
    """The running one is left alone."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        sleeping = {"jsonrpc": "2.0", "id": "a", "method": "workspace/executeCommand"}
        client.send({**sleeping, "params": command("sleep")})
        client.send({**sleeping, "params": command("state")})
        with pytest.raises(RpcError) as refused:
            await client.result("a")
        assert refused.value.code == -32600
        seen = len(client.messages)
        client.notify("$/cancelRequest", {"id": "a"})
        answer = await client.wait_for(lambda each: each.get("id") == "a", after=seen)
        assert answer["error"]["code"] == -32800


async def test_methods_of_our_own_get_plain_json() -> None:
    """A request that lsprotocol does not know keeps its parameters as they came."""
    params = {"jsonrpc": "nested", "list": [1, {"class": None}]}
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        assert await client.request("floor/custom", params) == params
        assert await client.request("floor/custom") is None


async def test_nothing_is_kept_for_what_is_over() -> None:
    """Edits, unanswered questions and finished progress leave nothing behind."""
    uri = "file:///x.py"
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.open(uri, "x = 1\n" * 50)
        await run(client, "progress")
        client.answers["workspace/configuration"] = lambda _: [{"a": 1}]
        assert await run(client, "ask") == [{"a": 1}]

        async def edit(times: int) -> dict[str, Any]:
            for version in range(times):
                document = {"uri": uri, "version": version}
                changes = [
                    {
                        "range": {
                            "start": {"line": 1, "character": 0},
                            "end": {"line": 1, "character": 1},
                        },
                        "text": "y",
                    }
                ]
                client.notify(
                    "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
                )
            found: dict[str, Any] = await run(client, "state")
            return found

        before = await edit(500)
        after = await edit(4000)
        assert (after["requests"], after["result_types"], after["tokens"]) == (2, 0, 0)
        assert after["resident_bytes"] - before["resident_bytes"] < 2 * 1024**2


async def test_a_question_that_the_editor_ignores_fails_in_time() -> None:
    """The handler gets an error, and an answer that comes too late does no harm."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        late: list[Any] = []
        client.answers["workspace/configuration"] = late.append
        original = client.send
        client.send = lambda message: None if "result" in message else original(message)  # type: ignore[method-assign] # an editor that never answers
        with pytest.raises(RpcError, match=r"did not answer workspace/configuration within 0\.3 s"):
            await run(client, "ask")
        asked = await client.wait_for(lambda each: each.get("method") == "workspace/configuration")
        original({"jsonrpc": "2.0", "id": asked["id"], "result": []})
        assert (await run(client, "state"))["result_types"] == 0
        assert not client.errors


async def test_what_is_printed_never_reaches_the_editor() -> None:
    """Python, C and child processes print to standard error, and cannot read the input."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        # The command runs `cat`, which would swallow the requests if it shared our input.
        assert await run(client, "print") == ""
        assert await client.leave() == 0
        assert not client.stray
        for said in (b"from python", b"from C", b"from a child"):
            assert said in client.errors


@pytest.mark.parametrize("busy_with", [None, "sleep", "stuck"])
async def test_the_end_of_the_input_ends_the_server(busy_with: str | None) -> None:
    """Also with requests in flight, and with a worker thread that hangs."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        if busy_with:
            client.start_request("workspace/executeCommand", command(busy_with))
            await run(client, "state")
        client.hang_up()
        assert await client.exit_status(timeout_s=10) == 1


async def test_a_signal_ends_the_server() -> None:
    """SIGTERM is taken as a wish to leave."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.process.send_signal(signal.SIGTERM)
        assert await client.exit_status() == 128 + signal.SIGTERM


def test_a_file_and_a_closed_descriptor_will_do_as_input(tmp_path: Path) -> None:
    """Input from a file is served to its end; without an input the server leaves with status 1."""
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}},
        {"jsonrpc": "2.0", "id": 2, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    script = tmp_path / "session"
    script.write_bytes(b"".join(framed(json.dumps(each).encode()) for each in messages))
    with script.open("rb") as file:
        done = subprocess.run(SERVER, stdin=file, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0
    assert done.stdout.count(b"Content-Length") == 2

    closed = ["sh", "-c", 'exec "$@" <&-', "sh", *map(str, SERVER)]
    done = subprocess.run(closed, capture_output=True, check=False, timeout=30)
    assert done.returncode == 1
    assert b"ended before a message came" in done.stderr

    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *map(str, SERVER)]
    done = subprocess.run(closed, stdin=-3, stderr=-1, check=False, timeout=30)
    assert done.returncode == 1
    assert b"standard output is closed" in done.stderr


def test_garbage_without_end_is_given_up() -> None:
    """A stream that is not LSP ends in status 1 and one line in the log."""
    with Path("/dev/zero").open("rb") as zeroes:
        done = subprocess.run(SERVER, stdin=zeroes, capture_output=True, check=False, timeout=60)
    assert done.returncode == 1
    assert b"this is not LSP" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_editor_that_does_not_read_does_not_block_the_server() -> None:
    """Ten megabytes wait in memory while requests go on being handled and the end is noticed."""
    process = subprocess.Popen(
        SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None

    def send(**fields: Any) -> None:
        assert process.stdin is not None
        process.stdin.write(framed(json.dumps({"jsonrpc": "2.0", **fields}).encode()))
        process.stdin.flush()

    send(id=1, method="initialize", params={"capabilities": {}})
    send(id=2, method="workspace/executeCommand", params=command("flood"))
    send(id=3, method="shutdown")
    send(method="exit")
    # Nobody reads: the replies cannot leave, and the server does not wait for that for ever.
    assert process.wait(timeout=20) == 0
    process.stdin.close()
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


async def test_a_reader_that_comes_late_gets_everything_whole() -> None:
    """Frames arrive complete and in order however slowly they are read."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        await run(client, "flood")
        lengths = {
            len(each["params"]["message"])
            for each in client.messages
            if each.get("method") == "window/logMessage"
        }
        assert lengths == {256 * 1024}
        assert not client.stray


async def test_an_editor_that_closes_its_ear_ends_the_server() -> None:
    """Writing to a closed pipe is the end of the session, not an exception."""
    process = await asyncio.create_subprocess_exec(
        *map(str, SERVER), stdin=-1, stdout=-1, stderr=-1
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined] # no public way
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    process.stdin.write(framed(json.dumps(message).encode()))
    async with asyncio.timeout(20):
        assert await process.wait() == 1
    assert b"Traceback" not in await process.stderr.read()


async def test_the_server_leaves_with_its_editor(tmp_path: Path) -> None:
    """An editor that is killed while a sibling holds the pipe does not leave an orphan."""
    server = json.dumps([str(part) for part in SERVER])
    editor = tmp_path / "editor.py"
    editor.write_text(
        textwrap.dedent(
            f"""
            import json, os, subprocess, sys, time
            server = subprocess.Popen({server}, stdin=-1, stdout=-1)
            sibling = subprocess.Popen(["sleep", "60"], pass_fds=[server.stdin.fileno()])
            body = json.dumps({{"jsonrpc": "2.0", "id": 1, "method": "initialize",
                               "params": {{"processId": os.getpid(), "capabilities": {{}}}}}})
            server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body.encode())
            server.stdin.flush()
            server.stdout.readline()
            print(server.pid, sibling.pid, flush=True)
            time.sleep(60)
            """
        )
    )
    # Not asyncio's: that waits for the sibling too, which has the pipe.
    process = subprocess.Popen([sys.executable, editor], stdout=subprocess.PIPE)
    assert process.stdout is not None
    server_pid, sibling_pid = map(int, process.stdout.readline().split())
    try:
        process.kill()
        process.wait()
        process.stdout.close()
        async with asyncio.timeout(5):
            while _runs(server_pid):  # noqa: ASYNC110 - the kernel has no asyncio event
                await asyncio.sleep(0.05)
        assert _runs(sibling_pid)
    finally:
        for pid in (server_pid, sibling_pid):
            if _runs(pid):
                os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("use_pidfd", [True, False])
async def test_the_end_of_a_process_is_noticed(*, use_pidfd: bool) -> None:
    """Also of one that nobody has waited for, with and without the kernel's help."""
    process = subprocess.Popen(["sleep", "60"])
    end = end_of(process.pid, poll_s=0.05, use_pidfd=use_pidfd)
    assert end is not None
    watching = asyncio.create_task(end)
    await asyncio.sleep(0.3)
    assert not watching.done()
    process.kill()
    async with asyncio.timeout(10):
        await watching
    process.wait()


@pytest.mark.parametrize("use_pidfd", [True, False])
@pytest.mark.parametrize("pid", [-1, 0, 2**22 + 5, os.getpid()])
async def test_a_process_that_cannot_be_seen_is_not_waited_for(
    pid: int, *, use_pidfd: bool
) -> None:
    """An editor outside our container has a number that means nothing here."""
    assert end_of(pid, use_pidfd=use_pidfd) is None


async def test_initialize_is_answered_without_heavy_imports() -> None:
    """Nothing that only a feature needs is imported by then."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize(process_id=os.getpid())
        modules = {name.partition(".")[0] for name in (await run(client, "state"))["modules"]}
        assert not HEAVY & modules
        assert "pygls" in modules


async def test_no_message_is_logged() -> None:
    """What a document holds does not appear in the log, whatever goes wrong."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.open("file:///x", "SECRET")
        client.notify("textDocument/didOpen", {"textDocument": {"text": "SECRET"}})
        client.send_bytes(framed(b'{"jsonrpc": "2.0", "SECRET'))
        client.notify("textDocument/didChange", {"contentChanges": "SECRET"})
        with pytest.raises(RpcError):
            await client.request("textDocument/hover", {"textDocument": "SECRET"})
        await run(client, "state")
        assert b"SECRET" not in client.errors

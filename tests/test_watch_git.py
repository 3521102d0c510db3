"""What is read of a git repository without running git; the truth comes from git and dulwich."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dulwich import porcelain

from ducktypist.watch.git import GitWatch, Move, Moved
from ducktypist.watch.git_objects import Change, changes_between, parents_of, texts_in
from ducktypist.watch.git_places import Head, commit_of, head_of, repository_of
from support.engines import until_async

Git = Callable[..., str]
WAIT_S = 20.0
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not on this machine")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Return what runs git in a folder, with no settings but its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "A" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")},
    }

    def run(folder: Path, *arguments: str) -> str:
        command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"]
        return subprocess.run(
            [*command, *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    return run


def committed(git: Git, top: Path, files: dict[str, str], message: str = "change") -> str:
    """Write files, commit them all, and return the commit."""
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", message)
    return git(top, "rev-parse", "HEAD")


@pytest.fixture
def top(tmp_path: Path, git: Git) -> Path:
    """Return a work tree with one commit."""
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q")
    committed(git, folder, {"a.py": "a = 1\n", "pkg/b.py": "b = 1\n"})
    return folder


def steps(moves: tuple[Moved, ...]) -> list[Move]:
    """Return how HEAD moved."""
    return [moved.move for moved in moves]


def test_no_repository(tmp_path: Path) -> None:
    """A folder without one has none, and neither has one with an empty or odd ``.git``."""
    assert repository_of(tmp_path) is None
    assert repository_of(tmp_path / "gone") is None
    (tmp_path / ".git").mkdir()
    assert repository_of(tmp_path) is None
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / ".git").write_text("no gitdir")
    assert repository_of(odd) is None
    (odd / ".git").write_text("gitdir: /nowhere/\0")
    assert repository_of(odd) is None
    assert GitWatch().follow(odd) is None


def test_an_unborn_branch_and_its_first_commit(tmp_path: Path) -> None:
    """Before the first commit HEAD names a branch; then a commit, as made by dulwich."""
    porcelain.init(str(tmp_path)).close()
    repository = repository_of(tmp_path)
    assert repository is not None
    head = head_of(repository)
    assert head is not None
    assert head.commit == ""
    assert head.branch.startswith("refs/heads/")
    watch = GitWatch()
    watch.follow(tmp_path)
    assert watch.look() == ()
    (tmp_path / "a.py").write_text("a = 1\n")
    porcelain.add(str(tmp_path), paths=[str(tmp_path / "a.py")])
    commit = porcelain.commit(
        str(tmp_path), message=b"one", author=b"A <a@example.org>", committer=b"A <a@example.org>"
    ).decode()
    (moved,) = watch.look()
    assert (moved.move, moved.before, moved.after) == (Move.COMMIT, "", commit)
    assert watch.look() == ()
    assert texts_in(repository.common, commit, ["a.py", "b.py"]) == {
        "a.py": "a = 1\n",
        "b.py": None,
    }
    assert changes_between(repository.common, "", commit) == (Change(old="", new="a.py"),)
    assert parents_of(repository.common, commit) == ()


@needs_git
def test_the_moves_that_git_makes(top: Path, git: Git) -> None:
    """Commits, amended and merged ones, checkouts, resets and rebases are told apart."""
    watch = GitWatch()
    watch.follow(top / "pkg")
    committed(git, top, {"a.py": "a = 2\n"})
    git(top, "commit", "-q", "--amend", "-m", "better")
    git(top, "checkout", "-q", "-b", "topic", "HEAD~1")
    committed(git, top, {"c.py": "c = 1\n"}, "on a topic: with a colon")
    git(top, "checkout", "-q", "main")
    git(top, "merge", "-q", "topic", "-m", "together")
    git(top, "reset", "-q", "--hard", "HEAD~1")
    git(top, "cherry-pick", "topic")
    found = watch.look()
    assert steps(found) == [
        Move.COMMIT,
        Move.AMEND,
        Move.CHECKOUT,
        Move.COMMIT,
        Move.CHECKOUT,
        Move.MERGE,
        Move.CHECKOUT,
        Move.MERGE,
    ]
    assert [one.after for one in found[:-1]] == [one.before for one in found[1:]]
    assert found[-1].after == git(top, "rev-parse", "HEAD")
    git(top, "checkout", "-q", "topic")
    git(top, "rebase", "-q", "main~1")
    assert set(steps(watch.look())) == {Move.CHECKOUT}


@needs_git
def test_moves_without_a_log(top: Path, git: Git) -> None:
    """Where git keeps no log, the commits themselves say what happened."""
    git(top, "config", "core.logAllRefUpdates", "false")
    shutil.rmtree(top / ".git/logs")
    watch = GitWatch()
    watch.follow(top)
    committed(git, top, {"a.py": "a = 2\n"})
    assert steps(watch.look()) == [Move.COMMIT]
    git(top, "commit", "-q", "--amend", "-m", "better")
    assert steps(watch.look()) == [Move.AMEND]
    git(top, "checkout", "-q", "--detach", "HEAD~1")
    assert steps(watch.look()) == [Move.CHECKOUT]
    made = [committed(git, top, {"a.py": f"a = {number}\n"}) for number in range(3)]
    found = watch.look()
    assert [(one.move, one.after) for one in found] == [(Move.COMMIT, one) for one in made]
    assert watch.look() == ()


@needs_git
def test_a_log_written_after_the_branch_counts_once(top: Path, git: Git) -> None:
    """Whoever looks between the two sees the move once."""
    log = top / ".git/logs/HEAD"
    before = log.read_bytes()
    watch = GitWatch()
    watch.follow(top)
    committed(git, top, {"a.py": "a = 2\n"})
    after = log.read_bytes()
    log.write_bytes(before)
    assert steps(watch.look()) == [Move.COMMIT]
    log.write_bytes(after)
    assert watch.look() == ()
    log.write_bytes(after + after.splitlines(keepends=True)[-1][:30])
    assert watch.look() == ()


@needs_git
def test_moves_from_before_the_window_was_open(top: Path, git: Git) -> None:
    """HEAD's log says what happened since a time, the time included."""
    commit = git(top, "rev-parse", "HEAD")
    watch = GitWatch()
    watch.follow(top, since_s=time.time() - 60)
    assert [(one.move, one.after) for one in watch.look()] == [(Move.COMMIT, commit)]
    later = GitWatch()
    later.follow(top, since_s=time.time() + 60)
    assert later.look() == ()
    shutil.rmtree(top / ".git/logs")
    for since_s, found in ((-60, [commit]), (60, [])):
        unlogged = GitWatch()
        unlogged.follow(top, since_s=time.time() + since_s)
        assert [one.after for one in unlogged.look()] == found


@needs_git
def test_packed_refs_and_detached_heads(top: Path, git: Git) -> None:
    """A branch may lie in one file with all others, and HEAD may name no branch."""
    commit = git(top, "rev-parse", "HEAD")
    git(top, "branch", "other")
    git(top, "pack-refs", "--all")
    repository = repository_of(top / "pkg")
    assert repository is not None
    assert repository.top == top.resolve()
    assert head_of(repository) == Head(commit=commit, branch="refs/heads/main")
    assert commit_of(repository, "refs/heads/other") == commit
    assert commit_of(repository, "refs/heads/oth") == ""
    assert commit_of(repository, "refs/../../x") == ""
    git(top, "checkout", "-q", "--detach")
    assert head_of(repository) == Head(commit=commit, branch="")
    (top / ".git/HEAD").write_text("nonsense\n")
    assert head_of(repository) is None


@needs_git
def test_work_trees_and_submodules(top: Path, git: Git, tmp_path: Path) -> None:
    """Each has a HEAD of its own, and its objects where its ``.git`` file leads."""
    other = tmp_path / "other"
    git(top, "worktree", "add", "-q", str(other), "-b", "side")
    tree = repository_of(other / "pkg")
    assert tree is not None
    assert tree.top == other.resolve()
    watch = GitWatch()
    watch.follow(other)
    watch.follow(top)
    commit = committed(git, other, {"pkg/b.py": "b = 2\n"})
    (moved,) = watch.look()
    assert (moved.repository, moved.move, moved.after) == (tree, Move.COMMIT, commit)
    assert texts_in(tree.common, commit, ["pkg/b.py"]) == {"pkg/b.py": "b = 2\n"}

    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    committed(git, library, {"lib.py": "lib = 1\n"})
    git(top, "submodule", "add", "-q", str(library), "sub")
    git(top, "commit", "-q", "-m", "with a submodule")
    inner = watch.follow(top / "sub")
    assert inner is not None
    assert inner.top == (top / "sub").resolve()
    commit = committed(git, top / "sub", {"lib.py": "lib = 2\n"})
    assert [one.after for one in watch.look() if one.repository == inner] == [commit]
    assert texts_in(inner.common, commit, ["lib.py"]) == {"lib.py": "lib = 2\n"}
    outer = repository_of(top)
    assert outer is not None
    head = git(top, "rev-parse", "HEAD")
    assert texts_in(outer.common, head, ["sub", "sub/lib.py"]) == {"sub": None, "sub/lib.py": None}


@needs_git
def test_what_changed_and_what_stands_in_a_commit(top: Path, git: Git) -> None:
    """Also when it is packed; only what differs, renamed files as gone and new."""
    before = git(top, "rev-parse", "HEAD")
    git(top, "mv", "pkg", "moved")
    after = committed(git, top, {"ä b.py": "x = 'ü'\n", "binary.py": "a\0b"})
    git(top, "gc", "-q")
    repository = repository_of(top)
    assert repository is not None
    found = changes_between(repository.common, before, after)
    assert set(found) == {
        Change(old="pkg/b.py", new=""),
        Change(old="", new="moved/b.py"),
        Change(old="", new="ä b.py"),
        Change(old="", new="binary.py"),
    }
    assert changes_between(repository.common, after, after) == ()
    assert texts_in(repository.common, after, ["ä b.py", "binary.py", "moved", "moved/c/d.py"]) == {
        "ä b.py": "x = 'ü'\n",
        "binary.py": None,
        "moved": None,
        "moved/c/d.py": None,
    }
    assert parents_of(repository.common, after) == (before,)


@needs_git
def test_what_is_broken_or_missing_is_none(top: Path, git: Git) -> None:
    """Unknown commits, damaged objects, pipes in place of files: nothing raises or blocks."""
    head = git(top, "rev-parse", "HEAD")
    repository = repository_of(top)
    assert repository is not None
    for name in ("0" * 40, "f" * 64, "no hash", ""):
        assert parents_of(repository.common, name) == ()
        assert texts_in(repository.common, name, ["a.py"]) == {"a.py": None}
        assert changes_between(repository.common, head, name or "1" * 40) == ()
    loose = repository.common / "objects" / head[:2] / head[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"garbage")
    assert texts_in(repository.common, head, ["a.py"]) == {"a.py": None}
    loose.unlink()
    os.mkfifo(loose)
    assert texts_in(repository.common, head, ["a.py"]) == {"a.py": None}
    loose.unlink()
    os.mkfifo(repository.common / "objects/pack/pack-1.idx")
    assert texts_in(repository.common, head, ["a.py"]) == {"a.py": None}
    (repository.control / "HEAD").unlink()
    os.mkfifo(repository.control / "HEAD")
    assert head_of(repository) is None
    assert repository_of(top) is None


@needs_git
def test_nothing_that_the_repository_configures_is_run(top: Path, git: Git) -> None:
    """Neither monitors nor filters nor hooks nor includes."""
    trap = top / "trap"
    for key in ("core.fsmonitor", "core.pager", "filter.x.smudge", "diff.x.textconv"):
        git(top, "config", key, f"touch {trap}; false")
    (top / ".gitattributes").write_text("*.py filter=x diff=x\n")
    os.mkfifo(top / ".git/included")
    git(top, "config", "include.path", "included")
    repository = repository_of(top)
    assert repository is not None
    head = head_of(repository)
    assert head is not None
    assert texts_in(repository.common, head.commit, ["a.py"]) == {"a.py": "a = 1\n"}
    assert not trap.exists()


@needs_git
async def test_moves_are_told_when_they_happen(top: Path, git: Git) -> None:
    """A commit is told of by itself; so is one of a repository that was added later."""
    watch = GitWatch()
    await asyncio.to_thread(watch.follow, top)
    found: list[Moved] = []

    async def follow() -> None:
        async for moved in watch.moves():
            found.append(moved)  # noqa: PERF401 - the test looks at it meanwhile

    task = asyncio.create_task(follow())
    try:
        commit = await asyncio.to_thread(committed, git, top, {"a.py": "a = 3\n"})
        await until_async(lambda: bool(found), timeout_s=WAIT_S)
        assert [(one.move, one.after) for one in found] == [(Move.COMMIT, commit)]
        second = top.parent / "second"
        await asyncio.to_thread(shutil.copytree, top, second)
        await asyncio.to_thread(watch.follow, second)
        commit = await asyncio.to_thread(committed, git, second, {"a.py": "a = 4\n"})
        await until_async(lambda: len(found) > 1, timeout_s=WAIT_S)
        assert [one.after for one in found[1:]] == [commit]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

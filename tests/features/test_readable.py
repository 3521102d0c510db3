from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from ducktypist.features.context import readable
from ducktypist.features.context.readable import FileIndex, holds_secret, is_secret
from support.workbench import write_tree

PYTHON = frozenset({".py"})
# Put together, so that this file does not hold what it looks for.
KEY = f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{'MIIEowIBAAKCAQEA' * 4}\n"


def index_of(root: Path, files: dict[str, str]) -> FileIndex:
    """Return the index of a new tree."""
    index = FileIndex(write_tree(root, files))
    index.refresh()
    return index


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".env.local",
        "deploy/prod.env",
        ".envrc",
        "server.pem",
        "certs/site.KEY",
        "id_rsa",
        "id_ed25519.old",
        "bundle.p12",
        "credentials",
        "credentials.json",
        "aws_credentials.yml",
        "config/secrets.yaml",
        "secrets.py",
        "k8s/secrets/db.yaml",
        ".netrc",
        "_netrc",
        ".npmrc",
        ".pypirc",
        "vault.kdbx",
        ".aws/config",
        "home/.ssh/config",
        "infra/terraform.tfvars",
        "infra/terraform.tfstate.backup",
        "client_secret_1.json",
        "service-account.json",
    ],
)
def test_a_file_that_holds_secrets_is_told_by_its_name(path: str) -> None:
    """Environments, keys, tokens and passwords are not read, wherever they lie."""
    assert is_secret(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        "main.py",
        "src/environment.py",
        "keys.py",
        "credentials_test.go",
        "client_secret.rs",
        "pkg/secrets/reader.go",
        "README.md",
        "tokens.json",
        "monkey.py",
        ".gitignore",
    ],
)
def test_ordinary_files_are_no_secrets(path: str) -> None:
    """Code about secrets is code."""
    assert not is_secret(PurePosixPath(path))


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"key = '''{KEY}'''",
        f'"-----BEGIN {"PRIVATE"} KEY-----\\n{"QUJD" * 10}"',
        f"aws = '{'AKIA'}{'A1' * 8}'",
        f"token = {'ghp_'}{'a' * 36}",
        f"-----BEGIN OPENSSH {'PRIVATE'} KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n",
        f"-----BEGIN RSA {'PRIVATE'} KEY-----\nProc-Type: 4,ENCRYPTED\n\n{'MIIE' * 10}\n",
    ],
)
def test_a_private_key_is_told_by_its_text(text: str) -> None:
    """Keys and tokens are found in any file, also written as a string."""
    assert holds_secret(text)


def test_code_that_handles_keys_holds_none() -> None:
    """The marker of a key alone is no key."""
    assert not holds_secret(f'if line == "-----BEGIN {"PRIVATE"} KEY-----":\n    parse(line)\n')
    assert not holds_secret("AKIA and ghp_ are how tokens begin")


def test_files_are_listed_without_secrets_and_skipped_folders(tmp_path: Path) -> None:
    """Hidden folders, other people's code and secrets are not listed."""
    index = index_of(
        tmp_path,
        {
            "a.py": "a = 1\n",
            "sub/b.py": "b = 1\n",
            "secrets.py": "c = 1\n",
            "node_modules/d.py": "d = 1\n",
            ".venv/e.py": "e = 1\n",
            "f.txt": "f\n",
        },
    )
    assert index.files(PYTHON) == ("a.py", "sub/b.py")
    assert index.text_of("sub/b.py") == "b = 1\n"


IGNORING = {
    ".gitignore": "*.log.py\n/top.py\nbuilt/\n!kept.log.py\n# a comment\n\n",
    "sub/.gitignore": "!back.log.py\nown_*.py\n",
    ".git/info/exclude": "excluded.py\n",
    "one.log.py": "",
    "kept.log.py": "",
    "top.py": "",
    "sub/top.py": "",
    "built/deep/x.py": "",
    "sub/back.log.py": "",
    "sub/own_1.py": "",
    "sub/inner/own_2.py": "",
    "own_3.py": "",
    "sub/excluded.py": "",
    "plain.py": "",
}
SEEN = ("kept.log.py", "own_3.py", "plain.py", "sub/back.log.py", "sub/top.py")


def test_what_git_ignores_is_not_listed(tmp_path: Path) -> None:
    """Nested ignore files and the repository's own exclude file are read in git's order."""
    assert index_of(tmp_path, IGNORING).files(PYTHON) == SEEN


def test_git_agrees(tmp_path: Path) -> None:
    """Asked itself, git lists the same files."""
    write_tree(tmp_path, IGNORING)
    home = tmp_path.parent / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    exclude = (tmp_path / ".git/info/exclude").read_text()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=environment, check=True)
    (tmp_path / ".git/info/exclude").write_text(exclude)
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    told = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    ).stdout.split()
    assert tuple(sorted(name for name in told if name.endswith(".py"))) == SEEN


@pytest.mark.parametrize("path", sorted(name for name in IGNORING if name.endswith(".py")))
def test_one_file_is_judged_as_in_the_list(tmp_path: Path, path: str) -> None:
    """A document that is open may be read if and only if it would be listed."""
    index = FileIndex(write_tree(tmp_path, IGNORING))
    assert index.may_be_read(tmp_path / path) == (path in SEEN)


def test_a_folder_inside_a_repository_obeys_the_rules_above_it(tmp_path: Path) -> None:
    """The root of the workspace need not be the repository's top."""
    write_tree(
        tmp_path,
        {
            ".git/info/exclude": "/app/left_out.py\n",
            ".gitignore": "/app/gone.py\n",
            "app/gone.py": "",
            "app/left_out.py": "",
            "app/here.py": "",
        },
    )
    index = FileIndex(tmp_path / "app")
    index.refresh()
    assert index.files(PYTHON) == ("here.py",)


def test_a_persons_own_excludes_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ``core.excludesFile`` names holds for every repository."""
    home = write_tree(
        tmp_path / "home",
        {".gitconfig": "[core]\n\texcludesFile = ~/mine\n", "mine": "private.py\n"},
    )
    monkeypatch.setenv("HOME", str(home))
    root = {".git/HEAD": "", "private.py": "", "public.py": ""}
    assert index_of(tmp_path / "root", root).files(PYTHON) == ("public.py",)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Neither a file nor a folder outside of the root comes in by a link."""
    outside = write_tree(tmp_path / "outside", {"x.py": "x = 1\n"})
    root = write_tree(tmp_path / "root", {"a.py": ""})
    (root / "link.py").symlink_to(outside / "x.py")
    (root / "folder").symlink_to(outside)
    index = FileIndex(root)
    index.refresh()
    assert index.files(PYTHON) == ("a.py",)
    assert index.text_of("link.py") is None
    assert not index.may_be_read(root / "link.py")
    assert not index.may_be_read(root / "folder" / "x.py")
    assert not index.may_be_read(outside / "x.py")


def test_a_link_to_a_secret_is_a_secret(tmp_path: Path) -> None:
    """What a harmless name points at decides."""
    root = write_tree(tmp_path, {".env": "PASSWORD=1\n"})
    (root / "settings.py").symlink_to(root / ".env")
    assert not FileIndex(root).may_be_read(root / "settings.py")


def test_only_text_within_the_limit_is_read(tmp_path: Path) -> None:
    """Large files, binary ones, other encodings and keys give no text."""
    index = index_of(
        tmp_path,
        {"large.py": "x" * (readable.MAX_FILE_BYTES + 1), "key.py": f"KEY = '''{KEY}'''\n"},
    )
    (tmp_path / "binary.py").write_bytes(b"a\0b")
    (tmp_path / "latin.py").write_bytes(b"\xe4")
    for name in ("large.py", "key.py", "binary.py", "latin.py", "gone.py"):
        assert index.text_of(name) is None


def test_changes_are_seen_at_the_next_refresh(tmp_path: Path) -> None:
    """New files come in, deleted ones leave, and new rules hold."""
    index = index_of(tmp_path, {"a.py": "", "sub/b.py": ""})
    write_tree(tmp_path, {"sub/c.py": ""})
    (tmp_path / "a.py").unlink()
    index.refresh()
    assert index.files(PYTHON) == ("sub/b.py", "sub/c.py")
    write_tree(tmp_path, {".gitignore": "b.py\n"})
    index.refresh()
    assert index.files(PYTHON) == ("sub/c.py",)


def test_a_changed_text_is_read_again(tmp_path: Path) -> None:
    """A file's text is kept only as long as the file is the same."""
    index = index_of(tmp_path, {"a.py": "one\n"})
    assert index.text_of("a.py") == "one\n"
    write_tree(tmp_path, {"a.py": "another\n"})
    assert index.text_of("a.py") == "another\n"


def test_an_unchanged_folder_is_not_listed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second refresh only asks when folders changed last."""
    index = index_of(tmp_path, {"a.py": "", "sub/b.py": ""})

    def refuse(path: Path) -> None:
        pytest.fail(f"listed {path} again")

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        index.refresh()
    assert index.files(PYTHON) == ("a.py", "sub/b.py")


def test_a_large_tree_is_listed_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of files is bounded; the shallow ones are listed."""
    monkeypatch.setattr(readable, "MAX_FILES", 3)
    files = {f"{'sub/' * depth}f{n}.py": "" for depth in range(3) for n in range(2)}
    assert len(index_of(tmp_path, files).files(PYTHON)) == 3


def test_git_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace's configuration cannot make the listing execute anything."""

    def refuse(*arguments: object, **options: object) -> None:
        pytest.fail(f"started {arguments} {options}")

    hook = {".git/config": "[core]\n\tfsmonitor = touch owned\n", "a.py": ""}
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", refuse)
        patched.setattr(os, "posix_spawn", refuse)
        assert index_of(tmp_path, hook).files(PYTHON) == ("a.py",)

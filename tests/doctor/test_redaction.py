"""What a public report must not hold does not stand in it, however it is written."""

from __future__ import annotations

import unicodedata

import pytest

from ducktypist.doctor.redaction import Private, redacted

HOME = "/home/example"
PRIVATE = Private(
    home="/home/example/dück.o'pond",
    workspaces=["/srv/acme corp/moon-shot", "/data/other_secret_project"],
    places=["/mnt/My Disk/models"],
    user="dück.o'pond",
    hosts=["duckpond7.corp.example", "duckpond7"],
    models=["acme-internal-7b"],
    secrets=["hunter2-hunter2"],
    catalogued=frozenset({"tiny-model-q4_k_m"}),
)
WINDOWS = Private(home=r"C:\Users\Duck Pond", workspaces=[r"D:\work\Moon Shot"], user="Duck Pond")

HOMES = "/home"
OTHER_HOME = f"{HOMES}/other.person"

HOSTILE = {
    "home": "/home/example/dück.o'pond/.config/ducktypist/config.toml cannot be read",
    "home in another case": "/HOME/example/DÜCK.O'pond/x is not there",
    "home, decomposed": unicodedata.normalize("NFD", "/home/example/dück.o'pond/x is not there"),
    "home, escaped": repr(b"/home/example/d\xc3\xbcck") + ascii("/home/example/dück.o'pond/x"),
    "home in an address": "file:///home/example/d%C3%BCck.o%27pond/moon-shot/a.py",
    "home, percent-encoded": "at /home/example/d%C3%BCck.o%27pond/a.py",
    "user in prose": "process of dück.o'pond was killed",
    "workspace": "/srv/acme corp/moon-shot/tests/test_a.py failed",
    "workspace with line": "File '/srv/acme corp/moon-shot/src/rocket.py', line 3",
    "workspace's name alone": "the folder `moon-shot` is not trusted",
    "another workspace": "trusted: /data/other_secret_project, other_secret_project",
    "unknown path": "cannot open /mnt/big disk/acme/rocket.bin: no such file",
    "unknown home": f"belongs to {OTHER_HOME}/rocket/x",
    "configured place": "'/mnt/My Disk/models/acme-internal-7b.gguf' is cut short",
    "truncated path": "/srv/acme corp/moon-sh",
    "windows": r"C:\Users\Someone Else\rocket\x.py: access denied",
    "windows, doubled": "'D:\\\\secret\\\\rocket\\\\x.py'",
    "network share": r"\\fileserver\acme\rocket.txt is not there",
    "mail": "written by dueck.opond+x@corp.example today",
    "mail with umlaut": "von dück@entenhäuschen.example",
    "host": "on DUCKPOND7 and duckpond7.corp.example",
    "address": "connect to 10.11.12.13 and fe80::1ff:fe23:4567:890a failed",
    "engine": "http://duckpond9.corp.example:8080/v1/rocket refused",
    "engine with token": "https://dueck:hunter3@api.corp.example/v1/tok-rocket-99?key=rocket",
    "engine, loopback with token": "http://127.0.0.1:8080/v1/rocket-token-99 refused",
    "own secret": "sent hunter2-hunter2 there",
    "own secret inside": "xhunter2-hunter2y",
    "bearer": "Authorization: Bearer abc.rocket-DEF",
    "named": 'password = "rocket9"; api_key=rocket8 DUCK_TOKEN=rocket7',
    "known forms": "sk-proj-rocket0123456789 hf_rocketABCDEFGH12 ghp_rocket0123456789abcdef",
    "random": "it said rocket4Zt8Qw1LmN5bVc3",
    "random base64": "it said rocket/Zt8Qw1LmN5bVc3+aaBBccDDee/FFggHH11==",
    "model of one's own": "acme-internal-7b Q4_K_M answers",
}
WORDS = (
    *("dück", "dueck", "pond", "acme", "moon", "other_secret", "rocket", "big disk", "my disk"),
    *("other.person", "someone", "secret\\", "fileserver", "corp.example", "duckpond"),
    *("10.11.12", "fe80", "hunter", "entenh", "d%c3", "d\\x"),
)
"""None of these may be left of any of the texts above."""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_private_is_left(text: str) -> None:
    """Neither names nor paths nor keys survive, and something is put in their place."""
    left = redacted(text, PRIVATE)
    assert left != unicodedata.normalize("NFC", text)
    assert not [word for word in WORDS if word in left.casefold()], left


KEPT = {
    "versions": "Ducktypist 0.1.0 on Python 3.11.7, llama-cpp-python 0.3.36",
    "times": "since 2026-11-23T20:43:52Z, at 12:34:56",
    "system paths": "/usr/bin/gcc and /proc/cpuinfo",
    "the model": "tiny-model-q4_k_m Q4_K_M, 469 MiB",
    "advice": "`apt install bubblewrap` or `pip install 'ducktypist[sandbox]'`",
    "loopback": "http://127.0.0.1:8080 answers; http://[::1]:8080 too",
    "counts": "reads 106 and writes 10.8 tokens a second; and/or 3/3",
    "instruction sets": "SSE3 = 1 | AVX512_VNNI = 1",
    "settings": "lower engine.n_ctx_tokens or engine.n_gpu_layers",
    "documentation": "build it for the card, which docs/gpu.md explains",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_helps_is_left(text: str) -> None:
    """Versions, verdicts and advice stay as they are."""
    assert redacted(text, PRIVATE) == text


SHOWN = {
    "/home/example/dück.o'pond/.config/ducktypist/config.toml": "~/.config/ducktypist/config.toml",
    "/home/example/dück.o'pond/.local/rocket/bin/python3.11": "~/.local/…/bin/python3.11",
    "/srv/acme corp/moon-shot/.ducktypist.toml": "WORKSPACE/.ducktypist.toml",
    "/srv/acme corp/moon-shot/src/rocket.py": "WORKSPACE/…/…",
    "/mnt/My Disk/models/tiny-model-q4_k_m.gguf": "PLACE/tiny-model-q4_k_m.gguf",
    "http://duckpond9.corp.example:8080/v1": "http://HOST:8080/…",
    "https://go.dev/dl": "https://go.dev/…",
    "1d" * 32: f"{'1d' * 6}…",
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.items())
def test_of_a_path_the_common_parts_stay(text: str, shown: str) -> None:
    """A reader still sees which of everybody's files it is about."""
    assert redacted(text, PRIVATE) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            r"C:\Users\Duck Pond\AppData\Local\ducktypist\config.toml",
            "~/AppData/Local/ducktypist/config.toml",
        ),
        (WINDOWS.home.replace("\\", "/") + "/rocket", "~/…"),
        (r"'C:\\Users\\Duck Pond\\.config'", "'~/.config'"),
        (r"d:\WORK\moon shot\a.py failed: no", "WORKSPACE/…: no"),
        ("by DUCK POND", "by USER"),
        (r"E:\Duck Pond's\rocket.gguf", "PLACE"),
    ],
)
def test_windows_like_paths(text: str, shown: str) -> None:
    """Drive letters, both separators, spaces and any case are understood."""
    left = redacted(text, WINDOWS)
    assert left.startswith(shown)
    assert not [word for word in ("pond", "moon", "rocket") if word in left.casefold()]


def test_a_project_of_a_common_name_leaves_the_report_readable() -> None:
    """A workspace called like one of the report's own words does not take that word away."""
    private = Private(home="/Users/me", workspaces=["/code/python"], user="go")
    assert redacted("go: Go 1.27; python: 3.11; /code/python/x", private) == (
        "go: Go 1.27; python: 3.11; WORKSPACE/…"
    )


def test_nothing_known_is_no_trouble() -> None:
    """Without a home folder or a name, the general rules hold."""
    private = Private(home="/", workspaces=["/"])
    assert redacted("/srv/rocket/x at /usr/bin/go", private) == "PLACE/…/… at /usr/bin/go"

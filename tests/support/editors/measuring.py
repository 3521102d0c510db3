"""Figures of the extension in a real VS Code; ``python -m support.editors.measuring``.

It lays figures out and judges none: how quiet the machine is decides what they are worth.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Locator

from support.editors.vscode import CodeServer, Setup, built_package, started
from support.editors.vscode_first_hover import actions_to_first_hover
from support.editors.vscode_session import Session, lived_in
from support.editors.vscode_window import Window
from support.shop import RULES, SHOP, SLOW_WORDS

N_STARTS = 7
N_ROUNDS = 6
KEYS = "value = first + second"
KEY_GAP_MS = 120
"""A quick typist's: shorter than it takes to write an answer, so that one is always under way."""
SWITCH = "Ducktypist: Turn Ghost Text On or Off"
SLOW = [{"match": "def slowly", "reply": SLOW_WORDS, "delay_ms": 20}]
HEAD = "def slowly(first: int, second: int) -> int:\n"
TYPING = {
    # A request with every key, so that the model is at work all the time.
    "ducktypist.complete.debounce_ms": 0,
    "ducktypist.complete.debounce_max_ms": 0,
    # VS Code opens it by itself only where no extension gives ghost text, so in one window alone.
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
}
METRICS = ("TaskDuration", "ScriptDuration")
SHOWN_MS = re.compile(r"Activation: ([\d.]+)ms")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write what was measured to a file if one is named."""
    parser = argparse.ArgumentParser(description="measure the extension in a real VS Code")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--starts", type=int, default=N_STARTS)
    parser.add_argument("--rounds", type=int, default=N_ROUNDS)
    chosen = parser.parse_args(arguments)
    found: dict[str, Any] = {
        "machine": {"system": platform.platform(), "n_cpus": os.cpu_count()},
        "load_before": os.getloadavg(),
        "vsix_bytes": built_package().stat().st_size,
        "activation_ms": activation_ms(n_starts=chosen.starts),
        "keystroke": keystrokes(n_rounds=chosen.rounds),
    }
    with tempfile.TemporaryDirectory() as folder:
        found["actions"] = actions_to_first_hover(Path(folder))
    found["load_after"] = os.getloadavg()
    text = json.dumps(found, indent=2)
    sys.stdout.write(f"{text}\n")
    if chosen.json:
        chosen.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


def activation_ms(*, n_starts: int) -> dict[str, Any]:
    """Measure activation as VS Code does (loading the code and calling it), each in a new host."""
    seen = []
    with lived_in(SHOP, rules=[*RULES], opens="shop/sums.py") as session:
        seen.append(_shown_activation_ms(session.window))
        session.window.page.close()
        for _ in range(n_starts - 1):
            page = session.window.page.context.browser.new_page()  # type: ignore[union-attr]
            page.set_default_timeout(60_000)
            page.goto(session.window.address)
            window = Window(page, session.server)
            window.tab("sums.py").wait_for()
            seen.append(_shown_activation_ms(window))
            page.close()
    return {"n": len(seen), "all": seen, "p50": quantile(seen, 0.5), "p95": quantile(seen, 0.95)}


def keystrokes(*, n_rounds: int) -> dict[str, Any]:
    """Measure what a key costs the page's main thread, in milliseconds of its processor time.

    The same text in turns: without the extension, with it and ghost text off, and with ghost text
    on, where a slow model writes all the time. The extension itself runs in another process; what
    is measured is what VS Code does for it where the keys arrive.
    """
    files = {f"round_{number}.py": HEAD for number in range(n_rounds + 1)}
    times: dict[str, dict[str, list[float]]] = {}
    with (
        lived_in(files, rules=SLOW, opens="round_0.py", settings=TYPING) as session,
        tempfile.TemporaryDirectory() as empty,
        started(Setup(folder=session.root, user=TYPING, extensions=Path(empty))) as bare_server,
    ):
        ours, bare = session.window, _other_window(session, bare_server)
        ours.status_item("scripted").wait_for()
        # The first round warms both, and the model is started by it.
        for number in range(n_rounds + 1):
            path = session.root / f"round_{number}.py"
            measured = {"without": _typed(bare, path), "generating": _typed(ours, path)}
            ours.command(SWITCH)
            ours.quiet()
            measured["idle"] = _typed(ours, path)
            ours.command(SWITCH)
            ours.quiet()
            for name, found in measured.items() if number else ():
                for metric, values in found.items():
                    times.setdefault(name, {}).setdefault(metric, []).extend(values)
        bare.page.close()
        n_requests = sum(1 for row in session.ledger("kind") if row["kind"] == "infill")
    return {
        "n_keys": len(times["without"][METRICS[0]]),
        "n_requests_to_the_model": n_requests,
        "key_gap_ms": KEY_GAP_MS,
        **{metric: _compared(times, metric) for metric in METRICS},
    }


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all is at or below."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * share)) - 1]


def _compared(times: dict[str, dict[str, list[float]]], metric: str) -> dict[str, Any]:
    """Return quantiles of each way, and of the differences key by key."""
    found = {name: _told(values[metric]) for name, values in times.items()}
    for name, one, other in (
        ("added by generating", "generating", "idle"),
        ("added by the extension", "idle", "without"),
        ("added by both", "generating", "without"),
    ):
        pairs = zip(times[one][metric], times[other][metric], strict=True)
        found[name] = {
            **_told([first - second for first, second in pairs]),
            "difference_of_p95_ms": round(found[one]["p95_ms"] - found[other]["p95_ms"], 3),
        }
    return found


def _told(values: Sequence[float]) -> dict[str, float]:
    return {
        "p50_ms": round(quantile(values, 0.5), 3),
        "p95_ms": round(quantile(values, 0.95), 3),
        "mean_ms": round(sum(values) / len(values), 3),
    }


def _typed(window: Window, path: Path) -> dict[str, list[float]]:
    """Type a line key by key and return the milliseconds of each, by metric."""
    window.page.bring_to_front()
    window.open(path)
    window.page.keyboard.press("Control+End")
    window.type("    ")
    thread = window.page.context.new_cdp_session(window.page)
    # Processor time of the thread: other programs on the machine do not count.
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})
    measured: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for key in KEYS:
        before = _metrics(thread)
        window.page.keyboard.press(key if key != " " else "Space")
        # How long a person takes for the next key; nothing is waited for.
        window.page.wait_for_timeout(KEY_GAP_MS)
        after = _metrics(thread)
        for metric in METRICS:
            measured[metric].append((after[metric] - before[metric]) * 1000)
    thread.detach()
    window.close_editors()
    return measured


def _metrics(thread: CDPSession) -> dict[str, float]:
    found = thread.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in found}


def _other_window(session: Session, server: CodeServer) -> Window:
    browser = session.window.page.context.browser
    assert browser is not None
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    page.goto(f"{server.origin}/?folder={session.root}")
    window = Window(page, server)
    window.status_bar.wait_for()
    return window


def _shown_activation_ms(window: Window) -> float:
    """Return what VS Code's own page of running extensions says."""
    window.status_item("idle").wait_for()
    window.command("Developer: Show Running Extensions")
    row = window.page.locator(".runtime-extensions-editor .monaco-list-row", has_text="Ducktypist")
    shown: Locator = row.locator(".activation-time").first
    window.until(lambda: SHOWN_MS.search(shown.text_content() or ""), "the activation is over")
    found = SHOWN_MS.search(shown.text_content() or "")
    assert found is not None
    return float(found.group(1))


if __name__ == "__main__":
    sys.exit(main())

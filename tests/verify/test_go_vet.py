"""What `go vet` finds, and what the race detector tells of between tests."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from ducktypist.features.grounds import Grounds
from ducktypist.verify.go_packages import Tree, select
from ducktypist.verify.go_report import Ended, GoReader, GoRun
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_vet import VetFinding, vet_findings
from ducktypist.verify.race import shows_race
from support.refereed import Refereed, needs_go, refereed
from support.sandboxes import LIMITS
from support.workbench import write_tree

__all__ = ["refereed"]
TWICE = "package a\n\nfunc F() int {\n\treturn 1\n\treturn 2\n}\n"
TOLD = """\
{}
# shop/b
vet: b/b.go:3:1: undefined: x
{
	"shop/a [shop/a.test]": {
		"printf": {"error": "no types"},
		"unreachable": [
			{"posn": "/w/a/a.go:5:2", "end": "/w/a/a.go:5:10", "message": "unreachable code"},
			{"message": "nowhere"}
		]
	}
}
{"shop/c": {}}"""


def test_findings_are_read_from_between_other_lines() -> None:
    """An analyser that failed finds nothing, and a finding may have no place."""
    found = vet_findings(TOLD.splitlines())
    assert found == (
        VetFinding(
            package="shop/a",
            analyser="unreachable",
            file="a.go",
            line=5,
            message="unreachable code",
        ),
        VetFinding(package="shop/a", analyser="unreachable", file="", line=0, message="nowhere"),
    )


def test_what_is_cut_off_is_left_out() -> None:
    """What came before it counts."""
    lines = TOLD.splitlines()
    assert vet_findings(lines[:-6]) == ()
    assert len(vet_findings([*lines, '{"shop/d": {'])) == 2


@needs_go
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_packages_are_vetted_in_the_sandbox(
    refereed: Refereed[tuple[VetFinding, ...]], tmp_path: Path
) -> None:
    """One that does not compile keeps nothing from the others."""
    files = {
        "go.mod": "module shop\n\ngo 1.21\n",
        "a/a.go": TWICE,
        "b/b.go": TWICE.replace("1", "x"),
        "c/c.go": TWICE.replace("\treturn 2\n", ""),
    }
    root = write_tree(tmp_path / "w", files)

    async def found(grounds: Grounds) -> tuple[VetFinding, ...]:
        runner = grounds.runner_for("go")
        assert isinstance(runner, GoRunner)
        return await runner.vet(root, [PurePosixPath(name) for name in "abc"], limits=LIMITS)

    assert [(item.package, item.line) for item in refereed(found)] == [("shop/a", 5)]


def test_a_race_between_tests_is_told_of_its_package(tmp_path: Path) -> None:
    """Although each of its tests passes."""
    overlay = {
        Path("go.mod"): "module shop\n",
        Path("a/a_test.go"): "package a\n\nfunc TestA(t *testing.T) {}\n",
        Path("b/b_test.go"): "package b\n\nfunc TestB(t *testing.T) {}\n",
    }
    tree = Tree(root=tmp_path, overlay=overlay)
    selections, unknown = select(tree, [])
    reader = GoReader(
        GoRun(
            root=tmp_path,
            tree=tree,
            selections=selections,
            unknown=unknown,
            canary=None,
            repeats=1,
            nonce="n",
        )
    )
    told = "testing: race detected outside of test execution\n"
    for event in (
        {"Action": "pass", "Package": "shop/a", "Test": "TestA"},
        {"Action": "output", "Package": "shop/a", "Output": told},
        {"Action": "fail", "Package": "shop/a"},
        {"Action": "pass", "Package": "shop/b", "Test": "TestB"},
        {"Action": "pass", "Package": "shop/b"},
    ):
        reader.feed(json.dumps({"nonce": "n", "event": event}).encode())
    report = reader.report(Ended(killed=None, duration_ms=1.0, output="", root_inside=tmp_path))
    assert [item.node_id for item in report.collection_errors] == ["a/a_test.go"]
    assert shows_race(report)

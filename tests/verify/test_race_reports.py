from __future__ import annotations

from pathlib import Path

from ducktypist.verify.race_reports import has_race, race_reports

ROOT = Path("/work space/shop")
REPORT = """\
=== RUN   TestTotal
==================
WARNING: DATA RACE
Read at 0x00c0000824d0 by goroutine 8:
  example.com/shop/till.(*Till).Add()
      /work space/shop/till/till.go:11 +0x9e
  example.com/shop/till.Fill.func1()
      /work space/shop/till/fill.go:26 +0x99

Previous write at 0x00c0000824d0 by goroutine 9:
  runtime.mapassign_faststr()
      /usr/lib/go/src/internal/runtime/maps/runtime_faststr.go:261 +0x0
  example.com/shop/till.(*Till).Add()
      /work space/shop/till/till.go:12 +0xb0

Goroutine 8 (running) created at:
  example.com/shop/till.Fill()
      /work space/shop/till/fill.go:24 +0xf8
  testing.tRunner()
      /usr/lib/go/src/testing/testing.go:2195 +0x21c

Goroutine 9 (finished) created at:
  example.com/shop/till.Fill()
      /work space/shop/till/fill.go:24 +0xf8
==================
    till_test.go:8: got 3
    testing.go:1712: race detected during execution of test
--- FAIL: TestTotal (0.00s)
"""


def test_both_sides_are_read() -> None:
    """A report gives both accesses with their stacks in the workspace, and their beginnings."""
    (report,) = race_reports(REPORT, ROOT)
    read, write = report.accesses
    assert report.address == "0x00c0000824d0"
    assert (read.is_write, write.is_write) == (False, True)
    assert (read.goroutine, write.goroutine) == (8, 9)
    assert [(frame.path.name, frame.line) for frame in read.stack] == [
        ("till.go", 11),
        ("fill.go", 26),
    ]
    assert read.stack[0].function == "example.com/shop/till.(*Till).Add"
    assert write.place is not None
    assert (write.place.path, write.place.line) == (ROOT / "till" / "till.go", 12)
    assert [frame.line for frame in read.created] == [24]
    assert [frame.line for frame in report.frames()] == [11, 26, 12, 24, 24]
    assert "till_test" not in report.text


def test_the_same_pair_of_places_counts_once() -> None:
    """Reports that differ in address and goroutines only are one race."""
    again = REPORT.replace("goroutine 8", "goroutine 18").replace("4d0", "4f0")
    assert len(race_reports(REPORT + again, ROOT)) == 1
    other = REPORT.replace("till.go:11", "till.go:19")
    assert len(race_reports(REPORT + other, ROOT)) == 2


def test_the_main_goroutine_and_indentation() -> None:
    """The main goroutine has no number, and a report may stand indented."""
    text = REPORT.replace("by goroutine 8:", "by main goroutine:")
    indented = "\n".join(f"    {line}" for line in text.splitlines())
    for output in (text, indented):
        (report,) = race_reports(output, ROOT)
        assert report.accesses[0].goroutine is None
        assert report.accesses[0].created == ()


def test_a_lost_stack_is_not_made_up() -> None:
    """Where the detector lost a stack, the compiler's wrapper is no place of an access."""
    top = "(*Till).Add()\n      /work space/shop/till/till.go:11"
    lost = REPORT.replace(top, "Fill.gowrap1()\n      /work space/shop/till/fill.go:27")
    lost = lost.replace("till.Fill.func1()\n      /work", "till.Fill.gowrap1()\n      /work")
    (report,) = race_reports(lost, ROOT)
    assert report.accesses[0].place is None
    assert report.accesses[1].place is not None


def test_a_report_that_was_cut_off() -> None:
    """What there is of a report is used; without an access there is none."""
    (report,) = race_reports(REPORT[: REPORT.index("Previous")], ROOT)
    assert len(report.accesses) == 1
    assert race_reports("==================\nWARNING: DATA RACE\n", ROOT) == ()


def test_output_without_a_race() -> None:
    """Nothing is read into other output; the testing package's own words say that there was one."""
    assert race_reports("--- FAIL: TestTotal\n    read at 5 by hand\n", ROOT) == ()
    assert not has_race("--- FAIL: TestTotal (0.00s)")
    assert has_race(REPORT)
    assert has_race("testing.go:1712: race detected during execution of test")

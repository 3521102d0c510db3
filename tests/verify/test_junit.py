from __future__ import annotations

import pytest

from ducktypist.domain import TestOutcome
from ducktypist.errors import RunnerError
from ducktypist.verify.junit import MAX_BYTES, place_in, read_junit

FILES = {
    "tests/test_shop.py",
    "src/sums.test.ts",
    "test/sums.test.mjs",
    "src/test/java/com/example/ShopTest.java",
    "sums/sums_test.go",
}
PYTEST = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="2"
 tests="5" time="0.1" timestamp="2026-01-01T00:00:00" hostname="host">
<testcase classname="tests.test_shop" name="test_one[a-1]" time="0.002" />
<testcase classname="tests.test_shop.TestCart" name="test_two" time="0.001">
<failure message="assert 1 == 2">def test_two():
&gt; assert 1 == 2

tests/test_shop.py:12: AssertionError</failure></testcase>
<testcase classname="tests.test_shop" name="test_three" time="0.000">
<skipped type="pytest.skip" message="later">tests/test_shop.py:20: later</skipped></testcase>
<testcase classname="tests.test_shop" name="test_four" time="0.000">
<skipped type="pytest.xfail" message="known" /></testcase>
<testcase classname="" name="tests.test_shop" time="0.000">
<error message="collection failure">ImportError: no</error></testcase>
</testsuite></testsuites>"""
VITEST = """<?xml version="1.0" encoding="UTF-8" ?>
<testsuites name="vitest tests" tests="2" failures="1" errors="0" time="0.2">
<testsuite name="src/sums.test.ts" timestamp="2026-01-01T00:00:00.000Z" hostname="host" tests="2">
<testcase classname="src/sums.test.ts" name="sums &gt; adds" time="0.003">
<failure message="expected -1 to be 3" type="AssertionError">
AssertionError: expected -1 to be 3
 at src/sums.test.ts:6:23</failure></testcase>
<testcase classname="src/sums.test.ts" name="sums &gt; later" time="0"><skipped/></testcase>
</testsuite></testsuites>"""
JEST = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="1" failures="1" errors="0" time="0.4">
<testsuite name="sums" errors="0" failures="1" skipped="0" timestamp="2026-01-01T00:00:00"
 tests="1">
<testcase classname="sums adds" name="sums adds" time="0.002" file="/work/src/sums.test.ts">
<failure>Error: expect(received).toBe(expected)
    at Object.&lt;anonymous&gt; (/work/src/sums.test.ts:6:23)</failure></testcase>
</testsuite></testsuites>"""
SUREFIRE = """<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="x.xsd" name="com.example.ShopTest" time="1,234.5" tests="2">
<properties><property name="a" value="b"/></properties>
<testcase name="adds" classname="com.example.ShopTest" time="1,234.5"/>
<testcase name="fails" classname="com.example.ShopTest" time="0.1"><error message="boom"
 type="java.lang.NullPointerException"><![CDATA[at ShopTest.java:7]]></error></testcase>
</testsuite>"""
NODE = """<?xml version="1.0" encoding="utf-8"?>
<testsuites>
<testcase name="alone" time="0.001" classname="test" file="/x/test/sums.test.mjs"/>
<testsuite name="group" time="0.0003" disabled="0" errors="0" tests="1" failures="0" skipped="0"
 hostname="vm"><testcase name="inner" time="0.00009" classname="test"
 file="/x/test/sums.test.mjs"/></testsuite></testsuites>"""
GOTESTSUM = """<testsuites><testsuite tests="1" failures="1" name="example.com/shop/sums">
<testcase classname="example.com/shop/sums" name="TestAdd/x" time="0.0">
<failure message="Failed" type="">sums_test.go:9: got -1</failure></testcase>
</testsuite></testsuites>"""


def outcomes(text: str, **changes: str) -> dict[str, TestOutcome]:
    """Read a document and return each test's outcome."""
    report = read_junit(text.encode(), exists=FILES.__contains__, **changes)
    return {result.node_id: result.outcome for result in report.results}


def test_pytest() -> None:
    """Classes, parameters and files are put together as pytest's own ids are."""
    assert outcomes(PYTEST) == {
        "tests/test_shop.py::test_one[a-1]": TestOutcome.PASSED,
        "tests/test_shop.py::TestCart::test_two": TestOutcome.FAILED,
        "tests/test_shop.py::test_three": TestOutcome.SKIPPED,
        "tests/test_shop.py::test_four": TestOutcome.XFAILED,
        "tests/test_shop.py": TestOutcome.ERROR,
    }


def test_vitest_and_jest() -> None:
    """The file is found in the class's name, or in an attribute with a path of another machine."""
    assert outcomes(VITEST) == {
        "src/sums.test.ts::sums > adds": TestOutcome.FAILED,
        "src/sums.test.ts::sums > later": TestOutcome.SKIPPED,
    }
    assert list(outcomes(JEST).values()) == [TestOutcome.FAILED]
    assert next(iter(outcomes(JEST))).startswith("src/sums.test.ts::")


def test_surefire() -> None:
    """A Java class leads to its file; times may have thousands in groups."""
    path = "src/test/java/com/example/ShopTest.java"
    assert outcomes(SUREFIRE) == {
        f"{path}::adds": TestOutcome.PASSED,
        f"{path}::fails": TestOutcome.ERROR,
    }
    report = read_junit(SUREFIRE.encode(), exists=FILES.__contains__)
    assert report.results[0].duration_ms == pytest.approx(1_234_500)
    assert report.results[1].message == "boom\nat ShopTest.java:7"


def test_node_groups_are_part_of_the_name() -> None:
    """Suites within a file become a part of the test's name."""
    assert outcomes(NODE) == {
        "test/sums.test.mjs::alone": TestOutcome.PASSED,
        "test/sums.test.mjs::group > inner": TestOutcome.PASSED,
    }


def test_what_has_no_file_is_said_or_given() -> None:
    """A test without a file is listed apart, unless only one file was run."""
    report = read_junit(GOTESTSUM.encode(), exists=FILES.__contains__)
    assert (report.results, report.unplaced) == ((), ("TestAdd/x",))
    only = outcomes(GOTESTSUM, only_file="sums/sums_test.go")
    assert only == {"sums/sums_test.go::TestAdd/x": TestOutcome.FAILED}


def test_the_worse_of_two_counts() -> None:
    """A test that is reported twice has failed when it failed once."""
    case = '<testcase classname="tests.test_shop" name="test_a">{}</testcase>'
    text = f"<testsuite>{case.format('')}{case.format('<failure/>')}{case.format('')}</testsuite>"
    assert outcomes(text) == {"tests/test_shop.py::test_a": TestOutcome.FAILED}


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><testsuites><testcase name="&c;"/>'
    "</testsuites>"
)
DEEP = "<testsuite>" * 100 + "</testsuite>" * 100


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no xml",
        b"<testsuites>",
        b"<html></html>",
        b"\xff\xfe<\x00a\x00>\x00",
        b'<?xml version="1.0" encoding="nonsense"?><testsuites/>',
        b"<testsuites>\xff</testsuites>",
        BOMB.encode(),
        BOMB.replace("<!DOCTYPE", "<! DOCTYPE").encode(),
        BOMB.encode("utf-16"),
        DEEP.encode(),
        b"<testsuites>" + b" " * MAX_BYTES + b"</testsuites>",
    ],
    ids=range(12),
)
def test_what_is_no_report_is_a_runner_error(raw: bytes) -> None:
    """Nothing that is too large, has entities or is no JUnit XML gets further than a message."""
    with pytest.raises(RunnerError):
        read_junit(raw, exists=FILES.__contains__)


@pytest.mark.parametrize("path", ["../../etc/passwd.py", "/", "", "." * 3000 + ".py", "C:\\x.py"])
def test_a_file_outside_is_no_file(path: str) -> None:
    """A path that does not exist below the root never becomes part of an id."""
    text = f'<testsuite><testcase name="t" classname="c" file="{path}"/></testsuite>'
    assert outcomes(text) == {}


def test_the_line_of_a_failure() -> None:
    """The first place in the test's own file counts, however its path is written."""
    message = "at /lib/x.js:3:1\n at file:///w/src/sums.test.ts:6:23\n at src/sums.test.ts:9:1"
    assert place_in(message, "src/sums.test.ts") == 6
    assert place_in(message, "src/other.test.ts") is None

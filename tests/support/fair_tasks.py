"""A small task of each kind, as the fair bench reads them, with right answers."""

from __future__ import annotations

from ducktypist.bench.explain.bash_tasks import ScriptInput
from ducktypist.bench.fair.tasks import FairTask, TaskKind, Wording

SHELF = "def room(size, used):\n    return {}\n"
SHELF_RIGHT = SHELF.format("max(0, size - used)")
PYTHON_FIX = FairTask(
    id="fix/shelf",
    family="fix",
    kind=TaskKind.FIX,
    language="python",
    title="room on a shelf",
    source="shelf.py",
    function="room",
    target="test_shelf.py::test_room",
    oracle=SHELF_RIGHT,
    files={
        "shelf.py": SHELF.format("used - size"),
        "test_shelf.py": (
            "from shelf import room\n\n\ndef test_room():\n    assert room(3, 1) == 2\n"
        ),
    },
    hidden={
        "test_shelf_hidden.py": (
            "from shelf import room\n\n\ndef test_full():\n    assert room(2, 5) == 0\n"
        )
    },
    wordings=(Wording(rename={"room": "space", "used": "taken"}),),
)
LARGER = """\
package larger

// Larger returns the larger number.
func Larger(a, b int) int {{
{}
}}
"""
LARGER_RIGHT = LARGER.format("\tif a > b {\n\t\treturn a\n\t}\n\treturn b")
_GO_TEST = """\
package larger

import "testing"

func {}(t *testing.T) {{
	if Larger({}) != 2 {{
		t.Errorf("not the larger")
	}}
}}
"""
GO_FUNCTION = FairTask(
    id="go-function/larger",
    family="go-function",
    kind=TaskKind.FUNCTION,
    language="go",
    title="the larger of two numbers",
    source="larger.go",
    function="Larger",
    oracle=LARGER_RIGHT,
    files={
        "go.mod": "module larger\n\ngo 1.21\n",
        "larger.go": LARGER.format('\tpanic("not implemented")'),
        "larger_test.go": _GO_TEST.format("TestShown", "2, 1"),
    },
    hidden={"larger_hidden_test.go": _GO_TEST.format("TestHidden", "1, 2")},
)
TALLY = """\
package tally
{imports}
// Tally counts.
type Tally struct {{
	{fields}
}}

// Add counts one more.
func (t *Tally) Add() {{
	{add}
}}

// Total starts n goroutines that count one each, and returns the sum.
func (t *Tally) Total(n int, done chan bool) int {{
	for i := 0; i < n; i++ {{
		{start}
	}}
	for i := 0; i < n; i++ {{
		<-done
	}}
	return t.count
}}
"""
START = "go func() {\n\t\t\tt.Add()\n\t\t\tdone <- true\n\t\t}()"
RACING = {"imports": "", "fields": "count int", "add": "t.count++", "start": START}
TALLY_RACING = TALLY.format(**RACING)
LOCKED = {
    "imports": '\nimport "sync"\n',
    "fields": "mu    sync.Mutex\n\tcount int",
    "add": "t.mu.Lock()\n\tt.count++\n\tt.mu.Unlock()",
    "start": START,
}
TALLY_LOCKED = TALLY.format(**LOCKED)
_TALLY_TEST = """\
package tally

import "testing"

func {}(t *testing.T) {{
	tally := &Tally{{}}
	if found := tally.Total({}, make(chan bool)); found != {} {{
		t.Errorf("counted %d", found)
	}}
}}
"""
RACE = FairTask(
    id="de-race/tally",
    family="de-race",
    kind=TaskKind.RACE,
    language="go",
    title="a tally of many",
    source="tally.go",
    target="tally_test.go::TestTotal",
    oracle=TALLY_LOCKED,
    files={
        "go.mod": "module tally\n\ngo 1.21\n",
        "tally.go": TALLY_RACING,
        "tally_test.go": _TALLY_TEST.format("TestTotal", 20, 20),
    },
    hidden={"tally_hidden_test.go": _TALLY_TEST.format("TestMany", 40, 40)},
)
UPPER = '#!/usr/bin/env bash\n[ $# -gt 0 ] || exit 3\nname=$1\necho "${name^^}"\n'
SCRIPT = FairTask(
    id="explain-bash/upper",
    family="explain-bash",
    kind=TaskKind.EXPLAIN,
    language="shellscript",
    title="capitals",
    source="script.sh",
    purpose="changes letters",
    oracle=UPPER,
    files={"script.sh": UPPER},
    hidden={
        "test.bats": (
            '@test "capitals" {\n  run bash "$SCRIPT" b\n  [ "$output" = "B" ]\n}\n\n'
            '@test "nothing" {\n  run bash "$SCRIPT"\n  [ "$status" -eq 3 ]\n}\n'
        )
    },
    inputs=tuple(
        ScriptInput(args=args, files={}) for args in (("a",), ("b c",), (), ("d",), ("e",))
    ),
    wordings=(Wording(rename={"name": "word"}),),
)
PREDICT = FairTask(
    id="cruxeval/1",
    family="cruxeval",
    kind=TaskKind.PREDICT,
    language="python",
    title="what a call returns",
    source="f.py",
    function="f([1, 2])",
    oracle="{'a': [1, 2]}",
    files={"f.py": "def f(x):\n    return {'a': x}\n"},
    hidden={},
)

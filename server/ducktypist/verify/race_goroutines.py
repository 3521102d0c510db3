"""Counts the goroutines that a Go test starts, with a test of ours that calls it. Pure text.

The count is the runtime's own (``/sched/goroutines-created:goroutines``, since Go 1.26), those of
package testing included; older runtimes have none, and then nothing is counted.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath

_PACKAGE = re.compile(r"^package[ \t]+(\w+)", re.MULTILINE)
_TEMPLATE = """\
package {package}

import (
	metrics{mark} "runtime/metrics"
	testing{mark} "testing"
)

func count{mark}() uint64 {{
	sample := []metrics{mark}.Sample{{{{Name: "/sched/goroutines-created:goroutines"}}}}
	metrics{mark}.Read(sample)
	if sample[0].Value.Kind() != metrics{mark}.KindUint64 {{
		return 0
	}}
	return sample[0].Value.Uint64()
}}

func Test{mark}(t *testing{mark}.T) {{
	before := count{mark}()
	t.Run("all", func(t *testing{mark}.T) {{ t.Run("one", {test}) }})
	after := count{mark}()
	t.Errorf("{mark} started %d goroutines", after-before)
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A test that runs another and tells, by failing, how many goroutines that started."""

    mark: str
    path: PurePosixPath
    """Relative to the root, beside the other test."""
    text: str

    @property
    def node_id(self) -> str:
        """What to run."""
        return f"{self.path}::Test{self.mark}"

    def counts(self, message: str) -> tuple[int, ...]:
        """Return the counts in what the test said, one for each repeat; none when unknown."""
        found = re.findall(rf"{self.mark} started (\d+) goroutines", message)
        counts = tuple(int(text) for text in found)
        return counts if all(counts) else ()


def counter_for(node_id: str, test_text: str) -> Counter | None:
    """Return the counter for a test, None when its file names no package.

    Args:
        node_id: The test's; of a subtest, all of its test is counted.
        test_text: The text of its file.
    """
    package = _PACKAGE.search(test_text)
    file, _, name = node_id.partition("::")
    if package is None or not name:
        return None
    mark = f"Count{secrets.token_hex(8)}"
    # Last in the alphabet: what a patch declares cannot be meant for it.
    path = PurePosixPath(file).with_name(f"zz_{mark.lower()}_test.go")
    test = name.partition("/")[0]
    text = _TEMPLATE.format(package=package[1], mark=mark, test=test)
    return Counter(mark=mark, path=path, text=text)

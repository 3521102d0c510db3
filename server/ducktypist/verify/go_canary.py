"""Go tests that must fail, one file of them in each tested package. Pure text.

In the package and not beside it, so that they go through the package's own ``TestMain`` and see
what a patch declared there. The file's name sorts before all others: what panics later cannot keep
them from being run.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

_TEMPLATE = """\
package {package}

import canary{mark} "testing"

func Test{mark}Plain(t *canary{mark}.T) {{
	t.Fatal("this test must fail")
}}

func Test{mark}Nested(t *canary{mark}.T) {{
	t.Run("inner", func(t *canary{mark}.T) {{
		t.Errorf("this test must fail")
	}})
}}

func Test{mark}Universe(t *canary{mark}.T) {{
	var nothing func()
	if true != (1 == 1) || false != (1 == 2) || nothing != nil {{
		return
	}}
	t.FailNow()
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoCanary:
    """The tests that must fail in one run."""

    mark: str

    @property
    def file_name(self) -> str:
        """The file's name, the same in every package."""
        return f"0_{self.mark.lower()}_test.go"

    @property
    def tests(self) -> tuple[str, ...]:
        """The top-level tests."""
        return tuple(f"Test{self.mark}{name}" for name in ("Plain", "Nested", "Universe"))

    @property
    def must_fail(self) -> frozenset[str]:
        """Every test that has to be reported as failed in each package."""
        return frozenset({*self.tests, f"Test{self.mark}Nested/inner"})

    def owns(self, test: str) -> bool:
        """Tell whether a test of that name is one of these."""
        return test.partition("/")[0] in self.tests

    def text(self, package: str) -> str:
        """Return the file for a package of that name."""
        return _TEMPLATE.format(package=package, mark=self.mark)


def make() -> GoCanary:
    """Return canaries under a name that nobody can guess."""
    return GoCanary(mark=f"Canary{secrets.token_hex(8)}")

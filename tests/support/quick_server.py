"""The real server with short waits, for tests of what happens minutes or days after an acceptance.

Started as a program in place of ``python -m ducktypist``. Nothing but durations is another one, and
that the machine counts as idle, which one that runs tests is not.
"""

from __future__ import annotations

import sys
from pathlib import Path


def quick_command(*arguments: str) -> list[str]:
    """Return the command that starts it; takes the place of ``serve_command``."""
    return [sys.executable, str(Path(__file__).resolve()), "serve", *arguments]


def main() -> None:
    """Shorten the waits and serve."""
    from ducktypist.__main__ import main as serve  # noqa: PLC0415 - not in the test's process
    from ducktypist.ledger.attribution import following  # noqa: PLC0415 - as above
    from ducktypist.ledger.words import Checkpoint  # noqa: PLC0415 - as above
    from ducktypist.lsp import following as lsp_following  # noqa: PLC0415 - as above
    from ducktypist.lsp import following_git, refusals  # noqa: PLC0415 - as above

    following.CHECKPOINTS_S.update(
        {Checkpoint.AFTER_30_S: 0.5, Checkpoint.AFTER_2_MIN: 1.0, Checkpoint.AFTER_10_MIN: 8.0}
    )
    lsp_following.RESUME_S = 0.2
    following_git.SWITCHED_S = 0.5
    refusals.Refusals.__init__.__kwdefaults__ = {"idle_s": 0.5, "ignored_s": 1.0}
    vars(refusals)["is_spare"] = lambda: True
    serve()


if __name__ == "__main__":
    main()

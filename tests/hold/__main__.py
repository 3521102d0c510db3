"""``python -m tests.hold [--x10] [--only 1,2] [--seed N] [--json FILE]``, from the checkout."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hold.running import report, run_trial, table
from hold.trials import all_trials

TIMES = 10


def main() -> int:
    """Run the trials; the exit status is 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.hold", description=__doc__)
    parser.add_argument("--x10", action="store_true", help="ten times the size of CI")
    parser.add_argument("--only", default="", help="numbers with commas between")
    parser.add_argument("--size", type=int, help="instead of the trials' own sizes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="where everything that was seen is written")
    options = parser.parse_args()
    wanted = {int(number) for number in options.only.split(",") if number}
    rows = []
    for trial in all_trials():
        if wanted and trial.number not in wanted:
            continue
        size = options.size or trial.ci * (TIMES if options.x10 else 1)
        print(f"{trial.number} {trial.name}: {size} {trial.counts}", file=sys.stderr, flush=True)  # noqa: T201 - how far it is
        rows.append(run_trial(trial, size=size, seed=options.seed))
        if options.json is not None:
            options.json.write_text(json.dumps(report(rows), indent=1) + "\n", "utf-8")
    print(table(rows))  # noqa: T201 - the answer
    return int(any(row.outcome.failing(timings=True) for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""How many examples a property is tried with: all of them, or a tenth in `make quick`."""

from __future__ import annotations

import os

#: Set by `pytest --quick` before the tests are imported, in every process of a run.
QUICK = "QUICK_EXAMPLES"


def examples(whole: int) -> int:
    """This many, or a tenth."""
    return max(5, whole // 10) if os.environ.get(QUICK) else whole

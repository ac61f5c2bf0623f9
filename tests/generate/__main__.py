"""`python -m tests.generate FOLDER --users 1000 --seed 1`: a made-up export, and what WorkOS must hold of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.generate.shapes import READABLE, STOPPING


def main() -> None:
    """Exit 2 for wrong parameters, also for a folder that is there already: it is left alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.generate", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder that is not there yet")
    parser.add_argument("--users", type=int, default=1000, help="users of each tenant (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal bytes (default: 1)")
    parser.add_argument("--organizations", type=int, help="default: one for 100 users, twelve at least")
    parser.add_argument("--shape", choices=(*READABLE, *STOPPING), default="api", help="default: api (NDJSON)")
    parser.add_argument("--bad-line", type=int, metavar="N", help="where bad-line and rounded strike (default: middle)")
    parser.add_argument("--tenants", type=int, default=1, metavar="N", help="folders tenant-1 … (default: 1)")
    parser.add_argument("--drift", type=float, default=0.0, help="0.02: folders first and later, 2%% of users apart")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="a share, or a JSON file of several"
    )
    given = parser.parse_args()
    try:
        plan = Plan(
            users=given.users,
            seed=given.seed,
            organizations=given.organizations,
            shape=given.shape,
            tenants=given.tenants,
            drift=given.drift,
            bad_line=given.bad_line,
            shares=with_overrides(Distribution(), given.set),
        )
        generate(given.folder, plan)
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()

"""`ferry`: what is not `pulumi`'s job."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sandbox.command import sandbox

if TYPE_CHECKING:
    from providers.settings import Kind

#: Objects between two looks at the progress.
_OFTEN = 500


@click.group()
@click.version_option(package_name="ferry")
def main() -> None:
    """Ferry moves Auth0 tenants into WorkOS. Preview and apply with `pulumi preview` and `pulumi up`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@main.command(short_help="Download an Auth0 tenant into an export folder.")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="Download anew over a finished download in FOLDER.")
@click.pass_context
def download(context: click.Context, folder: Path | None, again: bool) -> None:
    """Download an Auth0 tenant into FOLDER (default: exports/<tenant> of the project): users, organizations, members,
    roles.

    AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET say which, and by which application; AUTH0_BASE_URL asks
    another server (`ferry sandbox --tenant`). A download that was stopped goes on when the same command runs again.
    """
    from providers.commands.download import run_download
    from providers.project import project_at

    project = project_at(Path.cwd())
    exports = Path(_from_here(project / "exports")) if project else Path("exports")
    context.exit(run_download(folder, os.environ, exports, again=again))


main.add_command(sandbox)


@main.command(short_help="Stop a run between two records.")
@click.option("--stack", help="The stack whose run is to stop (default: the selected one).")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the end of the run.",
)
@click.pass_context
def stop(context: click.Context, stack: str | None, wait: float) -> None:
    """Stop a run that writes: calls under way end, all other records stay pending, the state is saved.

    Ctrl-C waits for whole cohorts, which may take many minutes. The next `pulumi up` goes on where this one stopped.
    Exit code 0: the run has ended, or has the order and still ends, and the last line says which; 2: no run of this
    stack goes on, or no stack is selected.
    """
    from providers.commands.stop import has_ended, order_stop
    from providers.errors import Brake
    from providers.project import require_project, stack_name
    from providers.state.engine import selected_stack

    with _or_exit(context):
        project = require_project(Path.cwd())
        name = stack or selected_stack(project)
        if not name:
            raise Brake("no stack is selected here; say which: ferry stop --stack STACK")
        name = stack_name(name)
        click.echo(order_stop(project, name))
        if has_ended(project, name, wait):
            click.echo(f"the run of {name} has ended; pulumi up goes on from there")
        else:
            click.echo(
                f"the run of {name} still ends: calls under way are waited for; look again with ferry stop --stack "
                f"{name} --wait 60"
            )


@main.command(short_help="Remove from .ferry what no later run uses.")
@click.pass_context
def clean(context: click.Context) -> None:
    """Remove from the project's .ferry what no later run uses: journals that are sealed or were set aside, orders to
    stop and locks of stacks that do not run, stores that no stack uses, drafts that were never finished.

    Nothing of a stack that runs is touched. Exit code 0; 2: cannot run.
    """
    from providers.commands.clean import clean as cleaned
    from providers.project import require_project

    with _or_exit(context):
        _print(cleaned(require_project(Path.cwd())))


@main.command(short_help="Say what becomes of every line of an export, offline.")
@click.argument("export", required=False)
@click.option("--stack", help="Take the settings of this stack's file (stacks/Pulumi.STACK.yaml), secrets left out.")
@click.option("--against", metavar="STACK", help="Compare what the two stacks declare, instead.")
@click.option("--accept", multiple=True, metavar="CODE", help="Findings of this code do not count for the exit code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (keys: providers/reports/check_document.py).")
@click.pass_context
def check(
    context: click.Context,
    export: str | None,
    stack: str | None,
    against: str | None,
    accept: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what becomes of every line of EXPORT, a folder, or of the stack's own: findings, bill, cutover checklist.

    With --against: which records and fields the directories of --stack and of the other stack do not share (keys of
    its document: providers/reports/against_text.py).

    Offline, without a key. Exit code 0: clean, or equal; 1: findings refuse records, or they differ; 2: cannot run.
    With --accept (once a code; user_rejected is all its sorts), only findings of other codes make it 1.
    """
    from providers.project import project_at

    project = project_at(Path.cwd()) or Path.cwd()
    if against is not None:
        from providers.commands.against import run_against

        with _or_exit(context):
            code = run_against(project, export, stack, against, accept, as_json=as_json)
        context.exit(code)

    import json

    from providers.commands.check import check as checked
    from providers.reports.check import refusing
    from providers.reports.check_text import check_lines

    with _or_exit(context):
        document = checked(project, _for_project(export, project) if export else None, stack, accept)
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        _print(check_lines(document))
    context.exit(1 if refusing(document, accept) else 0)


@main.command(short_help="Hold WorkOS against the directory: every record, every field.")
@click.option("--stack", help="The stack (default: the selected one).")
@click.option(
    "--json", "as_json", is_flag=True, help="The report as JSON (keys: providers/reports/verification_text.py)."
)
@click.pass_context
def verify(context: click.Context, stack: str | None, as_json: bool) -> None:
    """List WorkOS once and compare every record and field with the directory. Writes nothing to WorkOS.

    The report stands in reports/STACK/verification.txt and .json as well. Exit code 0: all equal; 1: differences;
    2: cannot run.
    """
    import json

    from providers.commands.opened_stack import opened
    from providers.commands.verify import verify as verified
    from providers.commands.verify import write_verification
    from providers.project import reports_folder, require_project
    from providers.reports.verification_text import verification_lines

    with _or_exit(context):
        project = require_project(Path.cwd())
        with opened(stack, project) as found, _listing() as looked_at:
            document = verified(found, looked_at)
            paths = write_verification(document, reports_folder(project, found.name))
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        _print(verification_lines(document))
        click.echo(f"Report: {_from_here(paths[1])}, {_from_here(paths[0])}")
    context.exit(0 if document["clean"] else 1)


@main.command(short_help="Say what `pulumi up` would do, record by record, beside what WorkOS holds now.")
@click.option("--stack", help="The stack (default: the selected one).")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, the last one a summary (providers/reports/plan.py).")
@click.pass_context
def plan(context: click.Context, stack: str | None, as_json: bool) -> None:
    """List WorkOS once and rehearse `pulumi up` on top of it: every record, every field, every request, and the bill.

    Writes nothing to WorkOS. Exit code 0: there is nothing to do; 1: there is, or something stays different; 2: cannot
    run.
    """
    import json

    from providers.commands.opened_stack import opened
    from providers.commands.plan import plan as planned
    from providers.project import require_project
    from providers.reports.plan_text import plan_text

    is_equal = True
    with _or_exit(context):
        project = require_project(Path.cwd())
        with opened(stack, project) as found:
            with _listing() as looked_at:
                lines = list(planned(found, project, looked_at))
            summary = next(line for line in lines if line["type"] == "summary")
            is_equal = not (summary["changes"] or summary["differences"])
            if as_json:
                for line in lines:
                    click.echo(json.dumps(line))
            else:
                _print(plan_text(lines))
    context.exit(0 if is_equal else 1)


def _for_project(export: str, project: Path) -> str:
    """A folder as it was typed here, for settings, whose paths begin at the project."""
    return export if project == Path.cwd() else str(Path.cwd() / export)


def _from_here(path: Path) -> str:
    """A path as it can be typed here."""
    return os.path.relpath(path)


@contextmanager
def _or_exit(context: click.Context) -> Iterator[None]:
    """Say in one sentence what keeps a command from running, and exit with code 2."""
    import sqlite3

    from providers.errors import FerryError
    from providers.text import plain

    try:
        yield
    except BrokenPipeError:
        raise
    except (FerryError, OSError, sqlite3.Error) as error:
        click.echo(f"ferry {context.command.name}: {plain(str(error))}", err=True)
        context.exit(2)


@contextmanager
def _listing() -> Iterator[Callable[[Kind], None]]:
    """Show at a terminal how far a listing is. Yields the callback that hears of each object."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    counts: Counter[Kind] = Counter()
    columns = SpinnerColumn(), TextColumn("{task.description} {task.completed:,}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        tasks = {}

        def looked_at(kind: Kind) -> None:
            counts[kind] += 1
            if kind not in tasks:
                tasks[kind] = progress.add_task(kind, total=None)
            if counts[kind] % _OFTEN == 0:
                progress.update(tasks[kind], completed=counts[kind])

        yield looked_at


def _print(lines: Iterable[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in lines:
        console.print(Text(line, style="bold" if line[:1].isupper() else ""), soft_wrap=True)

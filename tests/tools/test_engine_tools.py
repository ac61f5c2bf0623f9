"""Which engine `make setup` takes, from where, and what it leaves in `.venv/bin` and the cache folder."""

from __future__ import annotations

import contextlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.engine.bring import choose, kept_folder
from tools.engine.engine import LANGUAGE_HOST, PROVIDER_HOST, Engine, EngineError, dotted, pinned_version
from tools.engine.place import place

ROOT = Path(__file__).parents[2]
PINNED = pinned_version()
NEWER = (PINNED[0], PINNED[1] + 1, 0)

GO = """
[ "$1" = version ] && { echo "go version go1.26.8 linux/amd64"; exit; }
while [ "$1" != -o ]; do shift; done
echo "$2" >> "$BUILDS"
"""


def script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def complete_cli(folder: Path, version: tuple[int, int, int]) -> Path:
    """A folder with the three programs that Pulumi's installer brings; the CLI tells its version and nothing else."""
    for helper in (LANGUAGE_HOST, PROVIDER_HOST):
        script(folder / helper, "exit 1")
    return script(folder / "pulumi", f"echo v{dotted(version)}")


class Machine:
    """A made-up computer: folders on PATH, a cache folder, no network, and what the bringer said."""

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self.said: list[str] = []
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "BUILDS": str(tmp_path / "builds"),
            "https_proxy": "http://127.0.0.1:9",
        }
        self.cache = kept_folder(PINNED, self.environment)

    def on_path(self, name: str) -> Path:
        """A new folder, before all others on PATH."""
        folder = self.tmp_path / name
        folder.mkdir(parents=True)
        self.environment["PATH"] = f"{folder}:{self.environment['PATH']}"
        return folder

    def go(self, ends_with: str) -> None:
        """A Go whose build makes whatever the shell lines make; `$2` is the file asked for."""
        script(self.on_path("go") / "go", GO + ends_with)

    def go_that_builds(self) -> None:
        """A Go that builds a CLI of the pinned version."""
        self.go(f"""printf '#!/bin/sh\\necho v{dotted(PINNED)}\\n' > "$2"; chmod +x "$2" """)

    def choose(self, **environment: str) -> Engine:
        """Bring an engine on this machine."""
        return choose(PINNED, {**self.environment, **environment}, self.said.append)

    def builds(self) -> int:
        """How often Go was asked to build."""
        with contextlib.suppress(FileNotFoundError):
            return len(Path(self.environment["BUILDS"]).read_text().splitlines())
        return 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_engine_and_the_sdk_are_pinned_to_one_version() -> None:
    assert f"pulumi=={dotted(PINNED)}" in (ROOT / "requirements.txt").read_text().splitlines()


def test_a_newer_complete_cli_on_path_is_taken_as_it_is(machine: Machine) -> None:
    folder = machine.on_path("pulumi")
    cli = complete_cli(folder, NEWER)

    assert machine.choose() == Engine(cli, folder / LANGUAGE_HOST, folder / PROVIDER_HOST)
    assert not machine.cache.exists()


def test_a_linked_cli_finds_its_programs_beside_the_real_file(machine: Machine, tmp_path: Path) -> None:
    cli = complete_cli(tmp_path / "cellar", PINNED)
    (machine.on_path("links") / "pulumi").symlink_to(cli)

    assert machine.choose().provider_host == tmp_path / "cellar" / PROVIDER_HOST


@pytest.mark.parametrize("version", [(PINNED[0], PINNED[1] - 1, 9), (PINNED[0] + 1, 0, 0)])
def test_an_older_cli_or_one_of_another_major_version_is_passed_over(
    machine: Machine, version: tuple[int, int, int]
) -> None:
    complete_cli(machine.on_path("pulumi"), version)
    script(machine.cache / "pulumi", f"echo v{dotted(PINNED)}")

    assert machine.choose() == Engine(machine.cache / "pulumi")
    assert f"is {dotted(version)}" in machine.said[0]


def test_a_cli_without_its_python_programs_is_passed_over(machine: Machine) -> None:
    folder = machine.on_path("pulumi")
    complete_cli(folder, NEWER)
    (folder / PROVIDER_HOST).unlink()
    script(machine.cache / "pulumi", f"echo v{dotted(PINNED)}")

    assert machine.choose() == Engine(machine.cache / "pulumi")
    assert PROVIDER_HOST in machine.said[0]


def test_the_engine_of_another_virtual_environment_is_passed_over(machine: Machine) -> None:
    folder = machine.on_path("other/.venv/bin")
    complete_cli(folder, NEWER)
    (folder.parent / "pyvenv.cfg").touch()
    script(machine.cache / "pulumi", f"echo v{dotted(PINNED)}")

    assert machine.choose() == Engine(machine.cache / "pulumi")


def test_what_the_installer_brought_is_taken_with_its_own_programs(machine: Machine) -> None:
    folder = machine.cache / "installed" / "bin"
    cli = complete_cli(folder, PINNED)

    assert machine.choose() == Engine(cli, folder / LANGUAGE_HOST, folder / PROVIDER_HOST)


def test_without_a_network_the_engine_is_built_and_the_next_run_takes_it(machine: Machine) -> None:
    machine.go_that_builds()
    script(machine.cache / "pulumi", "half a file")

    assert machine.choose() == machine.choose() == Engine(machine.cache / "pulumi")
    assert machine.builds() == 1
    assert "the installer did not work here" in machine.said[1]
    assert "takes 2 to 10 minutes" in machine.said[2]


def test_asked_to_build_it_takes_nothing_that_pulumi_made(machine: Machine) -> None:
    machine.go_that_builds()
    complete_cli(machine.on_path("pulumi"), NEWER)
    complete_cli(machine.cache / "installed" / "bin", PINNED)

    assert machine.choose(FERRY_ENGINE="build") == Engine(machine.cache / "pulumi")
    assert not [line for line in machine.said if "install" in line]


def test_two_set_ups_at_once_build_once(machine: Machine) -> None:
    machine.go_that_builds()
    with ThreadPoolExecutor() as pool:
        engines = list(pool.map(lambda _: machine.choose(FERRY_ENGINE="build"), range(3)))

    assert engines == [Engine(machine.cache / "pulumi")] * 3
    assert machine.builds() == 1


@pytest.mark.parametrize(
    ("go", "problem"),
    [
        ('echo "no such thing" >&2; exit 1', "no such thing"),
        ("""printf '#!/bin/sh\\necho v3.1.0\\n' > "$2"; chmod +x "$2" """, "says it is 3.1.0"),
        ('echo half > "$2"; kill -9 $$', "did not build"),
    ],
)
def test_a_build_that_fails_is_told_and_leaves_nothing_to_take(machine: Machine, go: str, problem: str) -> None:
    machine.go(go)

    with pytest.raises(EngineError, match=problem):
        machine.choose(FERRY_ENGINE="build")
    assert not (machine.cache / "pulumi").exists()


def test_a_missing_go_is_named_with_the_way_to_get_it(machine: Machine) -> None:
    machine.environment["PATH"] = str(machine.tmp_path)

    with pytest.raises(EngineError, match=r"no `go` on PATH. Install it: \S"):
        machine.choose(FERRY_ENGINE="build")


def test_an_old_go_is_named_with_the_way_to_get_another(machine: Machine) -> None:
    script(machine.on_path("go") / "go", "echo go version go1.19.8 linux/amd64")

    with pytest.raises(EngineError, match=r"go1\.19\.8.*Install it: \S"):
        machine.choose(FERRY_ENGINE="build")


def test_a_wish_that_is_not_known_is_refused(machine: Machine) -> None:
    with pytest.raises(EngineError, match="'bulid'"):
        machine.choose(FERRY_ENGINE="bulid")


def test_placing_twice_leaves_three_programs_that_work_in_a_folder_with_a_space(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "bin"
    script(folder / "python", 'echo "$@"')
    cli = script(tmp_path / "pulumi", "echo cli")
    for _ in range(2):
        place(Engine(cli), folder)

    assert {path.name for path in folder.iterdir()} == {"python", "pulumi", LANGUAGE_HOST, PROVIDER_HOST}
    said = subprocess.run([folder / LANGUAGE_HOST, "here"], capture_output=True, text=True, check=True).stdout
    assert said == "-u -P -m tools.engine.language_host here\n"


def test_pulumis_own_programs_are_linked_so_that_the_cli_knows_them(tmp_path: Path) -> None:
    cli = complete_cli(tmp_path / "opt", PINNED)
    folder = tmp_path / "bin"
    folder.mkdir()
    place(Engine(cli, cli.with_name(LANGUAGE_HOST), cli.with_name(PROVIDER_HOST)), folder)

    assert {path.resolve().parent for path in folder.iterdir()} == {tmp_path / "opt"}

"""The program `pulumi-language-python`: runs the Pulumi program of a project for the engine that started this process.

Pulumi's own host is a Go program that comes only with Pulumi's installer; this one answers the calls that the engine
makes for a Python project whose packages are installed already. The last argument is the engine's address; the first
line on standard output is the port served.
"""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, language_pb2_grpc, plugin_pb2

from tools.engine.lifeline import end_with_engine

#: A program waits in one thread for each registration under way.
MOST_THREADS = 256

#: What runs a program: of no interest in the traceback of its fault.
MACHINERY = (__file__, "<frozen runpy>", str(Path(asyncio.__file__).parent), str(Path(pulumi.__file__).parent))


class LanguageHost(LanguageRuntimeServicer):
    """One Python program for one engine; every package it needs is in this interpreter's environment."""

    def __init__(self, engine_address: str) -> None:
        self.engine_address = engine_address

    def Handshake(self, request: Any, context: Any) -> Any:
        """Nothing to agree on: the engine's address came as an argument."""
        return language_pb2.LanguageHandshakeResponse()

    def About(self, request: Any, context: Any) -> Any:
        """Which Python runs the program, for `pulumi about`."""
        return language_pb2.AboutResponse(executable=sys.executable, version=".".join(map(str, sys.version_info[:3])))

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The SDK's version stands for this host's."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """Nothing to ask the user."""
        return language_pb2.RuntimeOptionsResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """No plugin to download: dynamic providers are part of the program."""
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Point `pulumi install` to the command that installs."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"`make setup` installs what this project needs.\n")

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """Every installed package, direct or not."""
        found = {dist.name: dist.version for dist in metadata.distributions()}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=found[name]) for name in sorted(found)]
        )

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program once; its errors are logged here, so the engine is told to stop without a word of its own."""
        reset_options(
            project=request.project,
            stack=request.stack,
            root_directory=request.info.root_directory,
            parallel=request.parallel,
            engine_address=request.args[0] if request.args else self.engine_address,
            monitor_address=request.monitor_address,
            preview=request.dryRun,
            organization=request.organization or "organization",
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        os.chdir(request.pwd)
        error = run_to_the_end(
            program_at(Path(request.info.program_directory), request.info.entry_point), max(request.parallel, 1) * 4
        )
        if error is not None:
            pulumi.log.error(error)
        sys.stdout.flush()
        sys.stderr.flush()
        return language_pb2.RunResponse(bail=error is not None)


def program_at(directory: Path, entry_point: str) -> Callable[[], None]:
    """The program as a function, with the import path and arguments it would have on the command line."""
    path = str(directory / entry_point)

    def program() -> None:
        if str(directory) not in sys.path:
            sys.path.insert(0, str(directory))
        sys.argv = [path]
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as stop:
            if stop.code:
                reason = stop.code if isinstance(stop.code, str) else f"The program called sys.exit({stop.code})."
                raise pulumi.RunError(reason) from stop

    return program


def run_to_the_end(program: Callable[[], None], threads: int) -> str | None:
    """Run the program and wait for every resource it declared; return what to show the user if it failed.

    A `RunError` is a sentence meant for the user; any other exception is a fault and comes with its traceback.
    """
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a failed program leaves tasks that nobody awaits
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=min(threads, MOST_THREADS)))
    try:
        loop.run_until_complete(run_in_stack(program))
    except pulumi.RunError as error:
        return str(error)
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.UNAVAILABLE:
            return None  # the engine is shutting down and has said why
        return fault(error)
    except Exception as error:
        return fault(error)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    return None


def fault(error: Exception) -> str:
    """The traceback, beginning at the program's own first line if there is one."""
    first = error.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename.startswith(MACHINERY):
        first = first.tb_next
    lines = traceback.format_exception(type(error), error, first or error.__traceback__)
    return "Program failed with an unhandled exception:\n" + "".join(lines)


def main() -> None:
    """Serve until the engine interrupts this process or is gone."""
    end_with_engine()
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=unlimited)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(sys.argv[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()

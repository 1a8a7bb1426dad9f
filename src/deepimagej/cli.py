"""The command line: ``deepimagej COMMAND``.

Results go to stdout, progress and logs to stderr. The commands are a table in `cli_commands`.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from deepimagej.errors import DeepImageJError, HostError, OptionError, RunCancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

_CANCELLED = 130
_PATIENCE = 2.0
"""Seconds that a command may take to end after Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code (0 to 8, 130)."""
    _end_soon_after_ctrl_c()
    sys.exit(run_command(sys.argv[1:] if arguments is None else list(arguments)))


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code; every failure is told in one sentence."""
    try:
        return _run(arguments)
    except BrokenPipeError:
        # The reader of our output went away, as in `deepimagej models | head -1`.
        _drop_output()
        return 0
    except OSError as cause:
        if cause.errno != errno.ENOSPC:
            raise
        _drop_output()
        error = HostError(
            "The results cannot be printed: the disk that they are sent to is full.",
            hint="Free some space, or send them elsewhere.",
        )
        _tell(error, as_json=False)
        return error.exit_code


def _run(arguments: list[str]) -> int:
    try:
        parsed = _parser().parse_args(arguments)
        _configure_logging(getattr(parsed, "logging", None))
        code = int(parsed.run(parsed))
        sys.stdout.flush()
    except DeepImageJError as error:
        _tell(error, as_json="--json" in arguments)
        return error.exit_code
    except (RunCancelled, KeyboardInterrupt):
        _tell_cancelled()
        return _CANCELLED
    return code


def _end_soon_after_ctrl_c() -> None:
    """End the process where the main thread is inside Java and sees no Ctrl-C: an endless macro.

    Python notes a signal at once, but raises KeyboardInterrupt only when Java returns. The bytes
    that it writes to the wake-up socket reach another thread in the meantime.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script that starts us with `&` hands this down; who sends the signal means it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def watch() -> None:
        with writer:  # kept open: the signal module knows its number only
            while signal.SIGINT not in reader.recv(1):
                pass
            time.sleep(_PATIENCE)
        _tell_cancelled()
        os._exit(_CANCELLED)

    threading.Thread(target=watch, name="deepimagej-ctrl-c", daemon=True).start()


_told = threading.Lock()


def _tell_cancelled() -> None:
    if _told.acquire(blocking=False):  # once
        print("Cancelled.", file=sys.stderr, flush=True)


def _drop_output() -> None:
    """Send what is still to be printed nowhere: Python would fail again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: DeepImageJError, *, as_json: bool) -> None:
    print(f"Error: {error.message}\n{error.hint}", file=sys.stderr)
    if as_json:
        said = {
            "type": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        print(json.dumps({"error": said}), flush=True)


def _configure_logging(level: str | None) -> None:
    """Logs on stderr with ``logging=debug`` only; the user's terminal is for results."""
    logging.getLogger().addHandler(logging.NullHandler())  # else Python prints others' warnings
    logger = logging.getLogger("deepimagej")
    debug = (level or "").lower() == "debug"
    if debug:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
    else:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
    logger.propagate = False


class _Parser(argparse.ArgumentParser):
    """Raises `OptionError` where argparse would print its usage and end the process."""

    def error(self, message: str) -> NoReturn:
        see = f"See {self.prog} --help."
        command = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if command is not None:
            from deepimagej.cli_commands import COMMANDS

            near = difflib.get_close_matches(command[1], [each.name for each in COMMANDS], n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise OptionError(f'There is no command "{command[1]}".', hint=f"{meant}{see}")
        raise OptionError(f"{message[0].upper()}{message[1:]}.", hint=see)

    def parse_known_args(  # type: ignore[override]  # the stubs' overloads differ
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            raise self._unknown(unknown[0])
        return parsed, unknown

    def _unknown(self, word: str) -> OptionError:
        if not word.startswith("-"):
            return OptionError(
                f'"{word}" is one argument too many.', hint=f"See {self.prog} --help."
            )
        option = word.partition("=")[0]
        known = [text for action in self._actions for text in action.option_strings]
        near = difflib.get_close_matches(option, known, n=1)
        meant = f"Did you mean {near[0]}? " if near else ""
        return OptionError(f"Unknown option {option}.", hint=f"{meant}See {self.prog} --help.")


def _parser() -> _Parser:
    from deepimagej import __version__, cli_commands

    parser = _Parser(
        prog="deepimagej",
        description="Run trained networks inside ImageJ, from the shell.",
        epilog="deepimagej COMMAND --help tells the options of a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"deepimagej {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for command in cli_commands.COMMANDS:
        sub = commands.add_parser(
            command.name, help=command.summary, description=command.summary, allow_abbrev=False
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser

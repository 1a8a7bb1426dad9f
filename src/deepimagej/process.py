"""What a Python process has once: the tools of its runs, and its ImageJ."""

from __future__ import annotations

import atexit
import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from deepimagej.errors import DeepImageJError, HostError
from deepimagej.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deepimagej.host.desk import Desk
    from deepimagej.host.running import Host
    from deepimagej.tools import Tools

_log = logging.getLogger(__name__)
_lock = threading.RLock()
_tools: Tools | None = None
_is_hidden = False  # ImageJ runs for the macros of models only; the user never asked for it
_on_command: Callable[[str, str], str | None] | None = None
_make_desk: Callable[[Tools], Desk] | None = None


def answer_commands_with(
    on_command: Callable[[str, str], str | None], make_desk: Callable[[Tools], Desk]
) -> None:
    """Say what answers ImageJ's commands and windows.

    It lies above this module, so the package passes it.
    """
    global _on_command, _make_desk
    _on_command, _make_desk = on_command, make_desk


@cache
def _desk() -> Desk:
    """What answers the windows; made with their first question."""
    if _make_desk is None:
        raise HostError(
            "Nothing answers the windows.", hint="Start ImageJ with deepimagej.start()."
        )
    return _make_desk(tools())


def _answer(command: str, options: str) -> str | None:
    if _on_command is None:
        raise HostError(
            f"Nothing answers the command {command}.",
            hint="Start ImageJ with deepimagej.start().",
        )
    return _on_command(command, options)


@cache
def _settings() -> Settings:
    """What the environment said when it was first asked."""
    return Settings.from_environment()


def tools() -> Tools:
    """What the runs of this process share; made at the first call."""
    global _tools
    with _lock:
        if _tools is None:
            from deepimagej.engines import Engines
            from deepimagej.library import Library
            from deepimagej.library.trust import TrustStore
            from deepimagej.tile_learning import TileStore
            from deepimagej.tools import Tools

            settings = _settings()
            engines = Engines(settings)
            atexit.register(engines.close)
            _tools = Tools(
                settings=settings,
                library=Library(settings),
                trust=TrustStore(settings.data),
                engines=engines,
                tiles=TileStore(settings.data),
                running_host=running_host,
                shown_host=shown_host,
                start_host=start_host,
            )
        return _tools


def warm_up(models: Sequence[str | Path]) -> None:
    """Load the networks of `models` in the background; what fails is a line of the log."""
    shared = tools()  # not in the thread, which would wait for an ImageJ that is starting

    def load() -> None:
        for model in models:
            try:
                spec = shared.library.find(str(model))
                weights = shared.engines.choose(spec, None, shared.trust.is_trusted).weights
                shared.trust.require(spec, (weights,))
                shared.engines.warm(spec, weights)
            except DeepImageJError as error:
                _log.info("'%s' was not loaded ahead: %s", model, error)

    threading.Thread(target=load, name="deepimagej-warm", daemon=True).start()


def running_host() -> Host | None:
    """The ImageJ of this process, whoever started it."""
    from deepimagej.host.running import running

    return running()


def shown_host() -> Host | None:
    """The ImageJ that the user asked for: results are opened there, and stay open."""
    return None if _is_hidden else running_host()


def start_host(
    fiji: object = None, *, mode: str | None = None, java_options: Sequence[str] = ()
) -> Host:
    """ImageJ, started if need be.

    Parameters
    ----------
    fiji
        See `deepimagej.host.start.start`.
    mode
        None: for the macros of a model; the ImageJ that runs is as good as any, and results are
        not opened in one that the user never asked for.
    """
    global _is_hidden
    with _lock:
        running = running_host()
        if running is not None and mode is None:
            return running
        from deepimagej.host.start import start

        host = start(
            fiji,
            mode=mode or "headless",
            java_options=java_options,
            settings=_settings(),
            on_command=_answer,
            fields=_fields_of,
            make_desk=_desk,
        )
        _is_hidden = mode is None
        return host


def _fields_of(command: str) -> list[list[str]] | None:
    from deepimagej.dialogs import fields_of

    entries = tools().library.entries()
    return fields_of(command, [entry.name for entry in entries if not entry.problem])

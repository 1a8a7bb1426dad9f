"""Which ImageJ a process gets: one that runs, a Fiji, or the embedded one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deepimagej.errors import HostError
from deepimagej.host.running import java_runs, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deepimagej.host.bridge import Fields, OnCommand
    from deepimagej.host.desk import Desk
    from deepimagej.host.running import Host
    from deepimagej.settings import Settings


def start(
    fiji: Any = None,
    *,
    mode: str,
    java_options: Sequence[str],
    settings: Settings,
    on_command: OnCommand,
    fields: Fields,
    make_desk: Callable[[], Desk] | None = None,
) -> Host:
    """The ImageJ of this process; started if need be.

    Parameters
    ----------
    fiji
        The folder of a Fiji; Maven coordinates, one or several; the gateway of an ImageJ2 that
        another program started. None: the ImageJ that runs, whoever started it; else the Fiji of
        the settings, else the embedded ImageJ.
    mode, java_options
        Not for an ImageJ that another program started.

    Raises
    ------
    HostError
        It cannot be started, or another one runs already.
    """
    host = running()
    if fiji is None and host is not None and host.is_adopted:
        return host
    if not _is_name(fiji) or (fiji is None and host is None and java_runs()):
        from deepimagej.host.adopting import adopt

        return adopt(
            fiji, settings=settings, on_command=on_command, fields=fields, make_desk=make_desk
        )
    if fiji is None:
        name = settings.fiji or "" if host is None else host.fiji
    else:
        name = fiji if isinstance(fiji, str) else _joined(fiji)
    if not name:
        from deepimagej.host import embedded

        return embedded.start(
            mode=mode,
            java_options=java_options,
            settings=settings,
            on_command=on_command,
            fields=fields,
            make_desk=make_desk,
        )
    from deepimagej.host import pyimagej

    return pyimagej.start(
        name,
        mode=mode,
        java_options=java_options,
        settings=settings,
        on_command=on_command,
        fields=fields,
        make_desk=make_desk,
    )


def _is_name(fiji: Any) -> bool:
    return fiji is None or isinstance(fiji, (str, os.PathLike, list, tuple))


def _joined(fiji: Any) -> str:
    if isinstance(fiji, os.PathLike):
        return str(os.fspath(fiji))
    if not fiji or not all(isinstance(each, str) for each in fiji):
        raise HostError(
            f"{fiji!r} names no Fiji.", hint="Name a folder or Maven coordinates, as texts."
        )
    return "+".join(fiji)

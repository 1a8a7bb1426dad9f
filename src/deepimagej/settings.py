"""What the environment says: folders, Fiji, engines. Read once, in the shells."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from deepimagej.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

_APP = "deepimagej"
_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders and choices of this user on this machine."""

    model_folders: tuple[Path, ...]
    """Where bundles are looked for; the first is where `install` puts them."""
    cache: Path
    """Files that can be made again: jars, class paths, unpacked zips."""
    data: Path
    """Files of the user's: trust, learnt tile sizes."""
    config: Path
    """The user's configuration folder."""
    jars: Path | None = None
    """Folder with ImageJ's jars for machines without a network (``DEEPIMAGEJ_JARS``)."""
    fiji: str | None = None
    """Fiji to use instead of the embedded ImageJ (``DEEPIMAGEJ_FIJI``, else ``fiji`` in the file
    ``settings.toml`` of the configuration folder)."""
    engines_file: Path | None = None
    """File that names the engines' Pythons (``DEEPIMAGEJ_ENGINES``); None: ``engines.toml`` in
    the configuration folder, if it is there."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Settings from ``DEEPIMAGEJ_*`` variables and the platform's user folders.

        Raises
        ------
        OptionError
            The file ``settings.toml`` is wrong.
        """
        data = Path(environment.get("DEEPIMAGEJ_DATA") or platformdirs.user_data_dir(_APP, False))
        cache = environment.get("DEEPIMAGEJ_CACHE") or platformdirs.user_cache_dir(_APP, False)
        config = environment.get("DEEPIMAGEJ_CONFIG") or platformdirs.user_config_dir(_APP, False)
        jars = environment.get("DEEPIMAGEJ_JARS")
        engines = environment.get("DEEPIMAGEJ_ENGINES")
        folders = _folders(environment.get("DEEPIMAGEJ_MODELS", ""))
        return cls(
            model_folders=folders or (data / "models",),
            cache=Path(cache),
            data=data,
            config=Path(config),
            jars=Path(jars) if jars else None,
            fiji=environment.get("DEEPIMAGEJ_FIJI") or _fiji_of(Path(config) / _FILE),
            engines_file=Path(engines).expanduser() if engines else None,
        )


def _fiji_of(file: Path) -> str | None:
    """What the user's file names; its only entry so far."""
    if not file.is_file():
        return None
    try:
        content = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as cause:
        raise OptionError(
            f"{file} is not TOML: {cause}.", hint="Correct it, or delete it."
        ) from cause
    fiji = content.pop("fiji", None)
    if content or not isinstance(fiji, str) or not fiji:
        raise OptionError(
            f"{file} is to have one entry, fiji, a text; it has {', '.join(content) or 'another'}.",
            hint='Write fiji = "/path/to/Fiji.app", or delete the file.',
        )
    return fiji


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(Path(part).expanduser() for part in text.split(os.pathsep) if part.strip())

"""The images of a request: open ones by title or id, files, or the active one."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepimagej.errors import ImageError, OptionError
from deepimagej.files import read_image
from deepimagej.image import check_finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

    from deepimagej.bundle.spec import ModelSpec
    from deepimagej.image import Image
    from deepimagej.request import RunRequest
    from deepimagej.tools import Tools


def read_images(
    request: RunRequest, spec: ModelSpec, tools: Tools, *, may_lack: bool = False
) -> dict[str, Image]:
    """Images by tensor name, as `request` names them; the active image if it names none.

    Raises
    ------
    ImageError
        If there is no such image, no image is open, or a file cannot be read.
    OptionError
        If the request names a tensor that the model lacks, or leaves one out.
    """
    if request.input_path is not None:
        return by_tensor(
            {"": read_image(Path(request.input_path).expanduser())}, spec, may_lack=may_lack
        )
    with _undisturbed(tools):
        if request.images:
            named = {name: _named(text, tools) for name, text in request.images}
            return by_tensor(named, spec, may_lack=may_lack)
        return by_tensor({"": _active(tools)}, spec, may_lack=may_lack)


def _undisturbed(tools: Tools) -> AbstractContextManager[None]:
    """While no other thread's run has set the open images aside."""
    if tools.running_host() is None:
        return nullcontext()
    from deepimagej.host.session import exclusive

    return exclusive()


def by_tensor(
    images: Mapping[str, Image], spec: ModelSpec, *, may_lack: bool = False
) -> dict[str, Image]:
    """Images by the names of the model's inputs; the key ``""`` stands for the first input.

    Parameters
    ----------
    may_lack
        Whether steps of the bundle may make all inputs but the first.

    Raises
    ------
    OptionError
        If a name is no input of the model, or an input has no image.
    """
    names = [tensor.name for tensor in spec.inputs]
    given = {name or names[0]: image for name, image in images.items()}
    for name in given:
        if name not in names:
            raise OptionError(
                f'"{spec.name}" has no input "{name}".',
                hint=f"Its inputs are {', '.join(names)}.",
            )
    missing = [t.name for t in spec.inputs if t.name not in given and not t.optional]
    if missing and not (may_lack and names[0] in given):
        example = ", ".join(f"{name}=TITLE" for name in names)
        raise OptionError(
            f'"{spec.name}" takes {len(names)} images; {", ".join(missing)} has none.',
            hint=f"Name one for each input, as in image=[{example}].",
        )
    return given


def check_images(images: Iterable[Image]) -> None:
    """Refuse NaN and infinite pixels before any work.

    Raises
    ------
    ImageError
        With the number of such pixels.
    """
    for image in images:
        check_finite(image.pixels, f'"{image.title}"')


def _named(text: str, tools: Tools) -> Image:
    path = Path(text).expanduser()
    host = tools.running_host()
    if host is not None:
        from deepimagej.host import windows
        from deepimagej.host.images import to_image

        if not path.is_file() or _is_open(text, windows.open_images(host)):
            return to_image(windows.find_image(host, text))
    if path.is_file():
        return read_image(path)
    raise ImageError(
        f'No image called "{text}" is open, and there is no such file.',
        hint="Give the title or id of an open image, or the path of a file.",
    )


def _is_open(text: str, images: Iterable[Any]) -> bool:
    return any(text in (str(image.getTitle()), str(image.getID())) for image in images)


def _active(tools: Tools) -> Image:
    host = tools.running_host()
    if host is not None:
        from deepimagej.host import windows
        from deepimagej.host.images import to_image

        active = windows.active_image(host)
        if active is not None:
            return to_image(active)
    raise ImageError(
        "No image is open.",
        hint="Open an image first, or name a file with input_path=FILE.",
    )

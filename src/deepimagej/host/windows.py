"""The open images: which there are, which one is active, under which title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepimagej.errors import ImageError
from deepimagej.host.java_fields import StaticFields

if TYPE_CHECKING:
    from deepimagej.host.running import Host


def open_images(host: Host) -> list[Any]:
    """The open ImagePlus objects, in the order in which they were opened."""
    manager = host.java_class("ij.WindowManager")
    return [manager.getImage(number) for number in manager.getIDList() or ()]


def active_image(host: Host) -> Any | None:
    """The active ImagePlus, None if no image is open."""
    return host.java_class("ij.WindowManager").getCurrentImage()


def find_image(host: Host, text: str) -> Any:
    """The open image with this title, or with this id, such as ``-3``.

    Raises
    ------
    ImageError
        No open image is called so.
    """
    images = open_images(host)
    for image in images:
        if str(image.getTitle()) == text or str(image.getID()) == text.strip():
            return image
    titles = ", ".join(f'"{image.getTitle()}"' for image in images)
    raise ImageError(
        f'No open image is called "{text}".',
        hint=f"Open are {titles}." if titles else "Open the image first; no image is open.",
    )


def show(host: Host, imp: Any) -> None:
    """Open `imp`, as a window where there is a display, and make it the active image."""
    _enter_batch_mode(host)
    is_open = any(each.equals(imp) for each in open_images(host))
    if is_open:
        host.java_class("ij.IJ").selectWindow(imp.getID())
    else:
        imp.show()
    if host.mode == "headless":
        _be_active_everywhere(host, imp)
    elif not is_open:
        host.java_class("ij.WindowManager").setTempCurrentImage(None)


def _be_active_everywhere(host: Host, imp: Any) -> None:
    """Let all threads see `imp` as the active image, unless a macro is running.

    ImageJ notes an active image for each thread, and a thread without one takes the image that was
    activated last. PyImageJ runs macros on threads of its own.
    """
    if host.java_class("ij.macro.Interpreter").getInstance() is None:
        noted = StaticFields(host, "ij.WindowManager", ("tempImageTable",)).read()
        noted["tempImageTable"].clear()
    else:
        host.java_class("ij.WindowManager").setTempCurrentImage(imp)


def close(host: Host, imp: Any) -> None:
    """Close `imp` without a question."""
    host.attach()
    imp.changes = False
    imp.close()


def unique_title(host: Host, title: str) -> str:
    """`title`, or with ``-1``, ``-2`` … before its extension if an open image has it."""
    taken = {str(image.getTitle()) for image in open_images(host)}
    stem, dot, extension = title.rpartition(".")
    if not stem or len(extension) > 4 or not extension.isalnum():
        stem, dot, extension = title, "", ""
    number, name = 0, title
    while name in taken:
        number += 1
        name = f"{stem}-{number}{dot}{extension}"
    return name


def log(text: str) -> None:
    """Write to ImageJ's Log window; headless, to where macros print."""
    import jpype

    jpype.JClass("ij.IJ").log(text)


def _enter_batch_mode(host: Host) -> None:
    """Headless, images are open only in batch mode, which starts with the first macro."""
    if host.mode == "headless" and not host.java_class("ij.macro.Interpreter").isBatchMode():
        host.java_class("ij.IJ").runMacro("setBatchMode(true);")

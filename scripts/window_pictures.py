"""Make the pictures of the window in docs/img: real windows, driven as in tests/gui.

    python scripts/window_pictures.py

Needs Xvfb, openbox and xdotool.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from deepimagej import examples  # noqa: E402
from deepimagej.library import Library  # noqa: E402
from deepimagej.settings import Settings  # noqa: E402
from gui.conftest import user  # noqa: E402  # the tests' folder is on the path only now
from gui.screen import Gui, screen  # noqa: E402

FOLDER = ROOT / "docs" / "img"
COLOURS = 64
"""A small PNG: windows have few colours."""


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as home, screen("1360x900") as display:
        variables = user(Path(home))
        Library(Settings.from_environment(variables)).install(examples.path("nuclei"))
        image = (str(examples.path("images/nuclei.tif")),)
        with Gui(display, variables, image) as gui:
            gui.until(lambda: gui.ask("images"))
            gui.open_window()
            save(gui, "window-run")
            gui.fill("tile:y", "230")
            gui.preview("The tile is 230 px")
            save(gui, "window-illegal")
            gui.fill("tile:y", "auto")
            gui.preview("512 x 512 px at once")
            gui.press("run sample")
            gui.ended('"probability" ')
            for title in ("Results", "ROI Manager"):
                gui.lower(title)
            save(gui, "window-sample", whole=True)


def save(gui: Gui, name: str, *, whole: bool = False) -> None:
    """The window, or all of the screen."""
    picture = Image.open(gui.picture(name)).convert("RGB")
    if not whole:
        place = gui.ask("window_of", "DeepImageJ Run")
        x, y = place["x"], place["y"]
        picture = picture.crop((x, y, x + place["width"], y + place["height"]))
    path = FOLDER / f"{name}.png"
    picture.quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()

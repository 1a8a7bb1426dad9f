"""A screen of its own with real clicks and keys, and the program that is driven on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ImageGrab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "test-output" / "gui"
"""Screenshots, to be looked at."""
NEEDED = ("Xvfb", "openbox", "xdotool")
_PATIENCE = 20.0
_PROGRAM = Path(__file__).parent / "driven.py"


def missing() -> list[str]:
    """Programs that the tests of windows need and this machine lacks."""
    return [name for name in NEEDED if shutil.which(name) is None]


@contextmanager
def screen(size: str = "1600x1100") -> Iterator[str]:
    """The name of a new display with a window manager."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as numbers:
        name = f":{numbers.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL
    )
    try:
        yield name
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait(10)


@dataclass(slots=True)
class Gui:
    """``deepimagej gui`` on a screen, and hands for its mouse and keys."""

    display: str
    variables: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    scale: int = 1
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Gui:
        self.process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), *self.arguments],
            env={**self.variables, "DISPLAY": self.display, "GDK_SCALE": str(self.scale)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.until(lambda: "ImageJ" in (self.ask("titles") or []), 60)
        return self

    def __exit__(self, *problem: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def ask(self, question: str, *arguments: Any) -> Any:
        """What the observer in the program answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([question, *arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the program ended: {self.process.wait(10)}")
        reply = json.loads(line)
        if "error" in reply:
            raise LookupError(f"{question} {arguments}: {reply['error']}")
        return reply["answer"]

    def until(self, condition: Callable[[], Any], seconds: float = _PATIENCE) -> Any:
        """What `condition` gives when it is true."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = condition()
            except LookupError:
                value = None
            if value:
                return value
            if time.monotonic() > end:
                self.picture("timeout")
                texts = {name: self.ask("where", name) for name in ("preview", "status")}
                raise AssertionError(f"waited {seconds} s: {self.ask('titles')} {texts}")
            time.sleep(0.05)

    # The hands

    def xdotool(self, *words: str | int) -> None:
        """Real events of the X server."""
        subprocess.run(
            ["xdotool", *map(str, words)],
            env={**os.environ, "DISPLAY": self.display},
            check=True,
            capture_output=True,
        )

    def at(self, box: Mapping[str, Any]) -> tuple[int, int]:
        """The middle of a box, px of the screen."""
        x, y = box["x"] + box["width"] // 2, box["y"] + box["height"] // 2
        return x * self.scale, y * self.scale

    def click(self, box: str | Mapping[str, Any]) -> None:
        """Click in the middle of a component, by its name, or of a box."""
        place = self.component(box) if isinstance(box, str) else box
        self.xdotool("mousemove", *self.at(place), "click", 1)
        time.sleep(0.15)

    def press(self, name: str) -> None:
        """Click on a button when it can be pressed."""
        self.until(lambda: (found := self.ask("where", name)) and found["enabled"])
        self.click(name)
        time.sleep(0.3)

    def keys(self, *names: str) -> None:
        """Press keys one after the other, such as ``Return`` or ``ctrl+f``."""
        for name in names:
            self.xdotool("key", "--clearmodifiers", name)
            time.sleep(0.05)

    def write(self, text: str) -> None:
        """Type where the focus is."""
        if not text:
            return
        self.xdotool("type", "--delay", 15, text)

    def fill(self, name: str, text: str) -> None:
        """Replace the text of a field."""
        self.click(name)
        self.keys("ctrl+a", "BackSpace")
        self.write(text)

    def raise_window(self, title: str) -> None:
        """Bring a window to the front."""
        self.xdotool("windowactivate", "--sync", self._window(title))
        time.sleep(0.2)

    def lower(self, title: str) -> None:
        """Put a window out of sight."""
        self.xdotool("windowminimize", self._window(title))
        time.sleep(0.2)

    def resize(self, title: str, width: int, height: int) -> None:
        """Pull a window to a size; it may refuse."""
        self.xdotool("windowsize", self._window(title), width, height)
        time.sleep(0.5)

    def close_imagej(self) -> None:
        """Press the button in the corner of ImageJ's window; images are not to be saved."""
        self.raise_window("ImageJ")
        self.keys("alt+F4")
        for _ in range(10):
            if self.process.poll() is not None:
                return
            try:
                question = self.ask("button", "OK", "Quit", "Yes", "Don't Save")
                if question is not None:
                    self.click(question)
            except (AssertionError, LookupError, BrokenPipeError):
                return  # it ended meanwhile
            time.sleep(0.3)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Pull with the mouse, as slowly as a hand."""
        self.xdotool("mousemove", *start, "mousedown", 1)
        for part in range(1, 21):
            x, y = (a + (b - a) * part // 20 for a, b in zip(start, end, strict=True))
            self.xdotool("mousemove", x, y)
            time.sleep(0.04)
        time.sleep(0.3)
        self.xdotool("mouseup", 1)

    def component(self, name: str) -> Any:
        """The box of a component, when it is there."""
        return self.until(lambda: self.ask("where", name))

    def text(self, name: str) -> str:
        """What a component says."""
        return str(self.component(name)["text"])

    def open_menu(self, *path: str) -> None:
        """Choose an entry of ImageJ's menu with the mouse and the arrow keys."""
        self.xdotool("windowactivate", "--sync", self._window("ImageJ"))
        steps = self.ask("menu", *path)
        self.click(self.ask("menu_title", path[0]))
        for index in steps[:-1]:
            self.keys(*["Down"] * index, "Right")
        self.keys(*["Down"] * steps[-1], "Return")

    def _window(self, title: str) -> str:
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", f"^{title}$"],
            env={**os.environ, "DISPLAY": self.display},
            check=True,
            capture_output=True,
            text=True,
        )
        return found.stdout.split()[-1]

    def picture(self, name: str) -> Path:
        """A screenshot."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        time.sleep(0.4)  # what was said is drawn a little later
        path = PICTURES / f"{name}.png"
        ImageGrab.grab(xdisplay=self.display).save(path, optimize=True)
        return path

    # What several tests do

    def open_window(self) -> None:
        """Open the window from ImageJ's menu, and wait until a model can be run in it."""
        self.open_menu("Plugins", "DeepImageJ", "DeepImageJ Run")
        self.until(lambda: "DeepImageJ Run" in self.ask("titles"))
        self.until(lambda: (run := self.ask("where", "run")) and run["enabled"])

    def show_tab(self, title: str) -> None:
        """Click on a tab of the window."""
        self.click(self.until(lambda: self.ask("tab", "tabs", title)))

    def preview(self, start: str) -> str:
        """What the window says of the choices, when it begins so."""
        return self._says("preview", start)

    def ended(self, start: str, seconds: float = _PATIENCE) -> str:
        """The status of the window when it begins so."""
        return self._says("status", start, seconds)

    def recorded_line(self, before: str) -> str:
        """The one line that the Recorder got since it held `before`."""

        def new() -> list[str]:
            return str(self.ask("recorded")).removeprefix(before).strip().splitlines()

        self.until(new)
        time.sleep(0.5)  # for a second one
        lines = new()
        assert len(lines) == 1, lines
        return lines[0]

    def _says(self, name: str, start: str, seconds: float = _PATIENCE) -> str:
        def said() -> str:
            text = str((self.ask("where", name) or {"text": ""})["text"])
            return text if text.startswith(start) else ""

        return str(self.until(said, seconds))

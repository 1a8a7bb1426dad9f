"""``deepimagej gui`` as it is, with an observer: it tells what is on the screen, and does nothing.

A process of its own: ``python driven.py [OPTIONS OF gui]``. Each line of stdin is a question as
JSON, ``["where", "run"]``; each line of stdout its answer. Clicks and keys come from outside, as
those of a user.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from deepimagej.cli import main
from deepimagej.host import running


def java(name: str) -> Any:
    host = running.running()
    assert host is not None
    return host.java_class(name)


def components(root: Any) -> Any:
    """`root` and all below it, those in front first."""
    yield root
    if hasattr(root, "getComponents"):
        for child in root.getComponents():
            yield from components(child)


def windows() -> list[Any]:
    return [w for w in java("java.awt.Window").getWindows() if w.isShowing()]


def find(name: str) -> Any:
    for window in reversed(windows()):
        for component in components(window):
            if str(component.getName()) == name and component.isShowing():
                return component
    return None


def box(component: Any, bounds: Any = None) -> dict[str, Any]:
    """Where a component lies on the screen, in px of Java's."""
    at = component.getLocationOnScreen()
    x, y, width, height = 0, 0, component.getWidth(), component.getHeight()
    if bounds is not None:
        x, y, width, height = bounds.x, bounds.y, bounds.width, bounds.height
    return {
        "x": int(at.x + x),
        "y": int(at.y + y),
        "width": int(width),
        "height": int(height),
        "enabled": bool(component.isEnabled()),
        "text": text_of(component),
    }


def text_of(component: Any) -> str:
    if hasattr(component, "getSelectedItem"):
        return str(component.getSelectedItem())
    return str(component.getText()) if hasattr(component, "getText") else ""


def where(name: str) -> dict[str, Any] | None:
    found = find(name)
    return None if found is None else box(found)


def choose(name: str, text: str) -> None:
    """Scroll a list to a row and choose it, for pictures of what is far down."""
    found = find(name)
    index = rows(name).index(text)

    def on_the_event_thread() -> None:
        found.setSelectedIndex(index)
        found.ensureIndexIsVisible(index)

    java("javax.swing.SwingUtilities").invokeAndWait(on_the_event_thread)


def link(name: str, text: str) -> dict[str, Any]:
    """Where a word of a page lies."""
    found = find(name)
    at = shown(name).index(text)
    bounds = found.modelToView(at + 2)
    bounds.width = 8
    return box(found, bounds)


def rows(name: str) -> list[str]:
    model = find(name).getModel()
    return [str(model.getElementAt(index)) for index in range(model.getSize())]


def tab(name: str, title: str) -> dict[str, Any] | None:
    found = find(name)
    for index in range(found.getTabCount()):
        if str(found.getTitleAt(index)) == title:
            return box(found, found.getBoundsAt(index))
    return None


def shown(name: str) -> str:
    """The text of a page, without its HTML."""
    document = find(name).getDocument()
    return str(document.getText(0, document.getLength()))


def menu(*path: str) -> list[int]:
    """How often the arrow key down leads to each entry of a path of menus."""
    bar = java("ij.Menus").getMenuBar()
    level = next(
        m for i in range(bar.getMenuCount()) if (m := bar.getMenu(i)).getLabel() == path[0]
    )
    steps = []
    for name in path[1:]:
        items = [level.getItem(i) for i in range(level.getItemCount())]
        named = [item for item in items if str(item.getLabel()) != "-"]
        index = next(i for i, item in enumerate(named) if str(item.getLabel()) == name)
        steps.append(index)
        level = named[index]
    return steps


def menu_title(name: str) -> dict[str, Any]:
    """Where a menu's title lies; AWT draws the bar itself, each title between two margins."""
    imagej, bar = java("ij.IJ").getInstance(), java("ij.Menus").getMenuBar()
    font = bar.getFont() or java("java.awt.Font")("Dialog", 0, 12)
    metrics = imagej.getFontMetrics(font)
    x = 0
    for index in range(bar.getMenuCount()):
        label = bar.getMenu(index).getLabel()
        width = 22 + int(metrics.stringWidth(label))
        if str(label) == name:
            break
        x += width
    at, insets = imagej.getLocationOnScreen(), imagej.getInsets()
    place = {"x": int(at.x) + insets.left + x, "y": int(at.y) + insets.top - 20}
    return {**place, "width": width, "height": 12}


def titles() -> list[str]:
    return [str(window.getTitle()) for window in windows() if hasattr(window, "getTitle")]


def images() -> list[str]:
    manager = java("ij.WindowManager")
    return [str(manager.getImage(number).getTitle()) for number in manager.getIDList() or ()]


def image(title: str) -> dict[str, Any]:
    imp = java("ij.WindowManager").getImage(title)
    at = imp.getWindow().getLocationOnScreen()
    return {
        "x": int(at.x),
        "y": int(at.y),
        "width": int(imp.getWindow().getWidth()),
        "info": str(imp.getInfoProperty()),
        "unit": str(imp.getCalibration().getUnit()),
        "range": [imp.getDisplayRangeMin(), imp.getDisplayRangeMax()],
        "sum": float(imp.getStatistics().mean) * imp.getWidth() * imp.getHeight(),
    }


def window_of(title: str) -> dict[str, Any] | None:
    for window in windows():
        if hasattr(window, "getTitle") and str(window.getTitle()) == title:
            return box(window)
    return None


def button(*labels: str) -> dict[str, Any] | None:
    """A button of ImageJ's own dialogs, by what it says."""
    for window in reversed(windows()):
        for component in components(window):
            if hasattr(component, "getLabel") and str(component.getLabel()).strip() in labels:
                return box(component)
    return None


def choice(title: str) -> dict[str, Any] | None:
    """The list to choose from in a window of ImageJ's own."""
    for window in windows():
        if hasattr(window, "getTitle") and str(window.getTitle()) == title:
            for component in components(window):
                if isinstance(component, java("java.awt.Choice")):
                    return box(component)
    return None


def recorded() -> str:
    recorder = java("ij.plugin.frame.Recorder").getInstance()
    return "" if recorder is None else str(recorder.getText())


def clipboard() -> str:
    toolkit = java("java.awt.Toolkit").getDefaultToolkit()
    flavor = java("java.awt.datatransfer.DataFlavor").stringFlavor
    return str(toolkit.getSystemClipboard().getData(flavor))


def focus() -> str:
    owner = java("java.awt.KeyboardFocusManager").getCurrentKeyboardFocusManager().getFocusOwner()
    return "" if owner is None else str(owner.getName())


def counts() -> dict[str, int]:
    manager = java("ij.plugin.frame.RoiManager").getRawInstance()
    table = java("ij.measure.ResultsTable").getResultsTable()
    return {
        "rois": 0 if manager is None else int(manager.getCount()),
        "rows": 0 if table is None else int(table.size()),
    }


def latencies(seconds: float) -> list[float]:
    """Milliseconds that an event of Java's own waits, asked again and again."""
    utilities, times = java("javax.swing.SwingUtilities"), []
    nothing = java("java.lang.Thread")()  # a Runnable in Java that does nothing
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        utilities.invokeAndWait(nothing)
        times.append(1000 * (time.perf_counter() - began))
        time.sleep(0.01)
    return times


def workers() -> list[int]:
    import psutil

    return [
        p.pid for p in psutil.Process().children(recursive=True) if "start.py" in str(p.cmdline())
    ]


QUESTIONS = (
    where, rows, choose, tab, shown, link, menu, menu_title, titles, images, image, window_of,
    button, choice, recorded, clipboard, focus, counts, latencies, workers,
)  # fmt: skip


def answer(line: str) -> Any:
    name, *arguments = json.loads(line)
    if running.running() is None:
        return None
    return next(q for q in QUESTIONS if q.__name__ == name)(*arguments)


def serve(answers: Any) -> None:
    for line in sys.stdin:
        try:
            reply: Any = {"answer": answer(line)}
        except Exception as error:  # noqa: BLE001  # told to the test
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    # What ImageJ prints on stdout must not come between the answers.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    threading.Thread(target=serve, args=(pipe,), daemon=True).start()
    main(["gui", *sys.argv[1:]])

"""Another program, from which a file is dragged: ``python drag_source.py FILE``."""

from __future__ import annotations

import sys
import time
from typing import Any

import jpype

from deepimagej.host.java import find_java


class Transferable:
    """The file as the systems' drag and drop carries it."""

    def __init__(self, path: str) -> None:
        self._files = jpype.JClass("java.util.ArrayList")()
        self._files.add(jpype.JClass("java.io.File")(path))
        self._flavor = jpype.JClass("java.awt.datatransfer.DataFlavor").javaFileListFlavor

    def getTransferDataFlavors(self) -> Any:
        return jpype.JArray(jpype.JClass("java.awt.datatransfer.DataFlavor"))([self._flavor])

    def isDataFlavorSupported(self, flavor: Any) -> bool:
        return bool(self._flavor.equals(flavor))

    def getTransferData(self, flavor: Any) -> Any:
        return self._files


class Gesture:
    """Begins the drag when the mouse pulls."""

    def __init__(self, path: str) -> None:
        self._data = jpype.JProxy("java.awt.datatransfer.Transferable", inst=Transferable(path))

    def dragGestureRecognized(self, event: Any) -> None:
        event.startDrag(None, self._data)


def main(path: str) -> None:
    jpype.startJVM(jvmpath=str(find_java().library))
    frame = jpype.JClass("java.awt.Frame")("Files")
    frame.setBounds(0, 1000, 120, 90)
    frame.setVisible(True)
    source = jpype.JClass("java.awt.dnd.DragSource").getDefaultDragSource()
    copy = jpype.JClass("java.awt.dnd.DnDConstants").ACTION_COPY
    listener = jpype.JProxy("java.awt.dnd.DragGestureListener", inst=Gesture(path))
    source.createDefaultDragGestureRecognizer(frame, copy, listener)
    time.sleep(1)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(120)


if __name__ == "__main__":
    main(sys.argv[1])

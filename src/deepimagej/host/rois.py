"""ROIs between ImageJ's ROI Manager and roifile, through ImageJ's own file format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import roifile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deepimagej.host.running import Host


def roi_manager(host: Host) -> Any:
    """ImageJ's ROI Manager; opened if it is not there yet."""
    return host.java_class("ij.plugin.frame.RoiManager").getRoiManager()


def read_rois(host: Host) -> tuple[roifile.ImagejRoi, ...]:
    """The ROIs of the manager, in its order and with its names."""
    return tuple(from_java_roi(host, roi) for roi in java_rois(host))


def java_rois(host: Host) -> list[Any]:
    """The manager's own Java objects, each with the name that the manager shows."""
    manager = roi_manager(host)
    rois = list(manager.getRoisAsArray())
    for index, roi in enumerate(rois):
        roi.setName(manager.getName(index))
    return rois


def replace_rois(host: Host, rois: Iterable[Any]) -> None:
    """Let the manager hold these Java objects, under their names."""
    manager = roi_manager(host)
    manager.reset()
    for roi in rois:
        name = roi.getName()
        manager.addRoi(roi)
        if name is not None and str(manager.getName(manager.getCount() - 1)) != str(name):
            manager.rename(manager.getCount() - 1, name)


def add_rois(host: Host, rois: Iterable[roifile.ImagejRoi]) -> None:
    """Append ROIs to those of the manager; it names those that have no name."""
    manager = roi_manager(host)
    for roi in rois:
        manager.addRoi(to_java_roi(host, roi))


def roi_bytes(host: Host, roi: Any) -> bytes:
    """A Java ROI in the format of ``.roi`` files."""
    return bytes(host.java_class("ij.io.RoiEncoder").saveAsByteArray(roi))


def from_java_roi(host: Host, roi: Any) -> roifile.ImagejRoi:
    """A Java ROI as roifile has it."""
    return roifile.ImagejRoi.frombytes(roi_bytes(host, roi))


def to_java_roi(host: Host, roi: roifile.ImagejRoi) -> Any:
    """A new Java ROI."""
    import jpype

    data = jpype.JArray(jpype.JByte)(roi.tobytes())
    return host.java_class("ij.io.RoiDecoder").openFromByteArray(data)

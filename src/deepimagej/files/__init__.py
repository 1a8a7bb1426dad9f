"""Images, tables and ROIs on disk, in the forms that ImageJ reads and writes."""

from deepimagej.files.luts import label_lut
from deepimagej.files.npy import read_npy
from deepimagej.files.reading import read_image
from deepimagej.files.writing import (
    write_atomically,
    write_json,
    write_rois,
    write_table,
    write_tiff,
)

__all__ = [
    "label_lut",
    "read_image",
    "read_npy",
    "write_atomically",
    "write_json",
    "write_rois",
    "write_table",
    "write_tiff",
]

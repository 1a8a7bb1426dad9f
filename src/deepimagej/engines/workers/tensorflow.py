"""TensorFlow: SavedModels and Keras files, in one process.

What comes out has the bits of these lines, with the ``threads`` that loading answers, and those
in the docstrings of `saved_model` and `keras`::

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)

TensorFlow's own flags, as those of oneDNN, are as it sets them.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Optional

import numpy as np  # noqa: F401  before stdin is read, as all that follows
import tensorflow as tf

from . import keras, saved_model
from . import threads as cores

# TensorFlow sees the cores that the process may run on, and not a container's quota.
_THREADS = cores.usable("TF_NUM_INTRAOP_THREADS")
if _THREADS is not None:
    tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(_THREADS)

if os.name == "nt":  # no library may be loaded there once stdin is read; elsewhere when needed
    keras.import_libraries()


def version() -> str:
    """``TensorFlow 2.21.0``."""
    return f"TensorFlow {tf.__version__}"


def threads() -> Optional[int]:
    """With how many threads TensorFlow computes on the CPU; None: it does not say."""
    return _THREADS


def has_gpu(index: int) -> bool:
    """Whether TensorFlow sees this CUDA device."""
    return index < len(tf.config.list_physical_devices("GPU"))


def load(path: str, device: str, options: Dict[str, Any]) -> Any:
    """The network in a SavedModel's folder or a Keras file."""
    if options["format"] == "tensorflow_saved_model_bundle":
        return saved_model.load(path, device, options)
    return keras.load(path, device)

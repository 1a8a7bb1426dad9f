"""TensorFlow: SavedModels and Keras files, in one process."""

from __future__ import annotations

import os
from typing import Any, Dict

import numpy as np  # noqa: F401  before stdin is read, as all that follows
import tensorflow as tf

from . import keras, saved_model

if os.name == "nt":  # no library may be loaded there once stdin is read; elsewhere when needed
    keras.import_libraries()


def version() -> str:
    """``TensorFlow 2.21.0``."""
    return f"TensorFlow {tf.__version__}"


def has_gpu(index: int) -> bool:
    """Whether TensorFlow sees this CUDA device."""
    return index < len(tf.config.list_physical_devices("GPU"))


def load(path: str, device: str, options: Dict[str, Any]) -> Any:
    """The network in a SavedModel's folder or a Keras file."""
    if options["format"] == "tensorflow_saved_model_bundle":
        return saved_model.load(path, device, options)
    return keras.load(path, device)

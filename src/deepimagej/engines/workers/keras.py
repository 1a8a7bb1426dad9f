"""Keras files: ``.keras`` and ``.h5``, through Keras 3 or, for legacy ones, tf_keras.

What comes out has the bits of these lines, with the library that ``options`` name::

    model = library.models.load_model(path, compile=False)
    outputs = model.predict_on_batch(array)

`predict_on_batch` builds a graph at the first call, and one more for all other sizes. Measured
(Keras 3.15, StarDist, 512 x 512): 0.46 of the time of ``model(array)``, as much as a `tf.function`
of our own, and the same bits as all of these and as ``model.predict``.
"""

from __future__ import annotations

import importlib.util
import json
import zipfile
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

import numpy as np
import tensorflow as tf

from .devices import tensorflow_name
from .failures import Refused
from .tensors import Slot

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODE = ("Lambda", "__lambda__")
"""Classes that hold Python bytecode: a layer, and a function anywhere else."""


class KerasModel:
    """A Keras 3 or tf_keras model."""

    def __init__(self, model: Any, device: str) -> None:
        self._model = model
        self._device = device
        self.options = {"library": _library(model), "call": "predict_on_batch"}
        self.inputs = [_slot(tensor) for tensor in model.inputs]
        self.outputs = [
            Slot(name, _slot(tensor).shape)
            for name, tensor in zip(model.output_names, model.outputs)
        ]

    def predict(self, arrays: List["NDArray[Any]"]) -> List[Tuple[str, Any]]:
        """All outputs, by the names of their layers."""
        with tf.device(self._device):
            result = self._model.predict_on_batch(arrays if len(arrays) > 1 else arrays[0])
        if isinstance(result, dict):
            return [(name, np.asarray(value)) for name, value in result.items()]
        values = result if isinstance(result, (list, tuple)) else [result]
        return [(slot.name, np.asarray(value)) for slot, value in zip(self.outputs, values)]


def load(path: str, device: str) -> KerasModel:
    """The network in a file that holds architecture and weights; code in it is never run."""
    config = _config(path)
    _refuse_code(config)
    with tf.device(tensorflow_name(device)):
        return KerasModel(_load(path, config), tensorflow_name(device))


def import_libraries() -> None:
    """All that `load` may need."""
    for name in ("h5py", "keras", "tf_keras"):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)


def _load(path: str, config: Dict[str, Any]) -> Any:
    import keras

    if str(keras.__version__).startswith("2"):  # of a TensorFlow up to 2.15, which needs no other
        return tf.keras.models.load_model(path, compile=False)
    if zipfile.is_zipfile(path):
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    # Keras 2 wrote its version, Keras 3 does too; layers differ ("batch_input_shape",
    # Conv2DTranspose's "groups"), so each library refuses most files of the other.
    if str(config.get("keras_version", "2")).startswith("3"):
        return keras.saving.load_model(path, compile=False)
    try:
        tf_keras = importlib.import_module("tf_keras")
    except ImportError as error:
        raise Refused("package", "tf_keras for a file of Keras 2") from error
    return tf_keras.models.load_model(path, compile=False)


def _config(path: str) -> Dict[str, Any]:
    """The architecture that the file describes, and the version of Keras that wrote it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {"model": json.loads(archive.read("config.json"))}
    import h5py

    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
        version = file.attrs.get("keras_version", "2")
    if text is None:
        raise ValueError("the file holds weights only, without the architecture")
    return {"model": json.loads(_text(text)), "keras_version": _text(version)}


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _refuse_code(config: Dict[str, Any]) -> None:
    names = sorted(set(_lambdas(config)))
    if names:
        raise Refused("trust", f"it contains a Python lambda ({', '.join(names)})")


def _lambdas(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if str(value.get("class_name")).rpartition(">")[2] in _CODE:  # "package>Lambda" too
            inner = value.get("config")
            layer = inner.get("name") if isinstance(inner, dict) else None
            yield f"layer '{layer or value.get('name')}'" if layer else "a function"
        for part in value.values():
            yield from _lambdas(part)
    elif isinstance(value, list):
        for part in value:
            yield from _lambdas(part)


def _library(model: Any) -> str:
    """``keras 3.15.1`` or ``tf_keras 2.21.0``."""
    name = "tf_keras" if type(model).__module__.startswith("tf_keras") else "keras"
    return f"{name} {importlib.import_module(name).__version__}"


def _slot(tensor: Any) -> Slot:
    dtype = getattr(tensor.dtype, "name", tensor.dtype)  # tf_keras has objects, Keras 3 names
    return Slot(tensor.name, tuple(tensor.shape), str(dtype))

"""Writes what TensorFlow 1 wrote: ``python make_saved_models.py FOLDER``.

``bare``: no signature; ``signed``: a signature of two outputs; ``lambda.keras``, ``lambda.h5``:
layers with Python code.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import tensorflow as tf

v1 = tf.compat.v1


def write_graph(folder: Path, *, signed: bool) -> None:
    """``output_tensor`` = 3·``input_tensor``, ``shifted`` = ``input_tensor`` + 1."""
    with tf.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(tf.float32, [None, None, None, 1], name="input_tensor")
        gain = v1.get_variable("gain", initializer=3.0, use_resource=False)
        product = tf.multiply(image, gain, name="output_tensor")
        shifted = tf.add(image, 1.0, name="shifted")
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        signature = v1.saved_model.predict_signature_def(
            {"image": image}, {"product": product, "shifted": shifted}
        )
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature} if signed else {}
        )
        builder.save()


def main(folder: Path) -> None:
    """Write all."""
    write_graph(folder / "bare", signed=False)
    write_graph(folder / "signed", signed=True)
    image = keras.Input((8, 8, 1))
    doubled = keras.layers.Lambda(lambda x: x * 2, name="double")(image)
    for name in ("lambda.keras", "lambda.h5"):
        keras.Model(image, doubled).save(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

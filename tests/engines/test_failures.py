"""What the user reads when a worker fails in a way that no small network brings about."""

from __future__ import annotations

import pytest

from deepimagej.engines.blocks import Block
from deepimagej.engines.failures import Context, of_load, of_predict
from deepimagej.engines.process import WorkerFailure
from deepimagej.engines.table import TENSORFLOW
from deepimagej.errors import EngineMissing, OutOfMemory, TrustError, WorkerCrashed

CONTEXT = Context("Spots", "spots.h5", TENSORFLOW, "auto")


def test_code_in_weights_is_a_matter_of_trust() -> None:
    error = of_load(WorkerFailure("trust", "it contains a Python lambda (layer 'a')"), CONTEXT)
    assert type(error) is TrustError
    assert error.message == (
        "The weights 'spots.h5' of the model 'Spots' hold code that is never run: "
        "it contains a Python lambda (layer 'a')."
    )
    assert error.hint == (
        "Use another weights format of the model, or export it without that code."
    )


def test_missing_companion_of_a_framework_comes_with_its_pip_line() -> None:
    error = of_load(WorkerFailure("package", "tf_keras for a file of Keras 2"), CONTEXT)
    assert type(error) is EngineMissing
    assert error.message == (
        "The weights 'spots.h5' of the model 'Spots' need tf_keras for a file of Keras 2, "
        "which is not installed."
    )
    assert error.hint == 'Install it: pip install "deepimagej[tensorflow]"'


def test_crash_while_loading_gives_the_last_words_of_the_worker() -> None:
    error = of_load(WorkerFailure("crash", "exit code 139", "one\ntwo."), CONTEXT)
    assert type(error) is WorkerCrashed
    assert error.message == (
        "The TensorFlow worker ended while loading the model 'Spots': exit code 139; "
        "its last words: one | two."
    )


def test_run_whose_worker_was_ended_for_another_is_told_to_repeat_it() -> None:
    error = of_predict(WorkerFailure("stopped", "the worker was ended"), CONTEXT)
    assert type(error) is WorkerCrashed
    assert error.message == (
        "The TensorFlow worker was ended while running the model 'Spots', by another run that was "
        "cancelled or by the end of the program."
    )
    assert error.hint == "Run it again."


def test_memory_of_the_framework_is_told_from_its_other_failures() -> None:
    error = of_predict(WorkerFailure("memory", "CUDA out of memory."), CONTEXT)
    assert type(error) is OutOfMemory
    assert error.message == (
        "There is not enough memory for running the model 'Spots' in TensorFlow: "
        "CUDA out of memory."
    )


def test_shared_memory_that_is_not_there_is_refused_before_it_is_touched() -> None:
    block = Block()
    with pytest.raises(OutOfMemory) as caught:
        block.reserve(2**50)
    assert caught.value.message == "There is no room for 1073741824 MB of shared memory."
    assert caught.value.hint == "Use a smaller tile, or free memory."
    assert block.name is None

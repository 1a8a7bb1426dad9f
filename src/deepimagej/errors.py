"""Every error the user can meet, each with one sentence and the way out.

::

    DeepImageJError            exit code
    ├── OptionError                2   unknown key, illegal value, format the bundle lacks
    ├── BundleError                3   broken bundle; hash, corrupt or missing weights
    ├── LibraryError               3   unknown or ambiguous model, failed installation
    ├── TrustError                 3   code of a bundle that nobody trusted yet
    ├── ImageError                 4   no image, unreadable file, does not fit the model, NaN
    ├── EngineMissing              5   the framework is not installed
    ├── EngineError                6   the framework failed on this model
    │   ├── WorkerCrashed
    │   └── OutOfMemory
    ├── HostError                  7   no Java, disk full, ImageJ cannot do it
    └── MacroError                 8   a macro, the model's or the user's, failed
    RunCancelled                 130   an answer, not a failure
"""

from __future__ import annotations

from typing import ClassVar


class DeepImageJError(Exception):
    """A failure that the user can understand and act on.

    Parameters
    ----------
    message
        What is, with the numbers and the file: one sentence.
    hint
        What the user can do now: one sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the hint, which is keyword-only."""
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(kind: type[DeepImageJError], message: str, hint: str) -> DeepImageJError:
    return kind(message, hint=hint)


class OptionError(DeepImageJError):
    """An option is unknown, contradictory or has an illegal value."""

    exit_code = 2


class BundleError(DeepImageJError):
    """A bundle is broken in something that the run needs."""

    exit_code = 3


class LibraryError(DeepImageJError):
    """A model is unknown or ambiguous, or cannot be installed or removed."""

    exit_code = 3


class TrustError(DeepImageJError):
    """A bundle brings code that the user has not trusted yet."""

    exit_code = 3


class ImageError(DeepImageJError):
    """There is no image, or it cannot be read, or it does not fit the model."""

    exit_code = 4


class EngineMissing(DeepImageJError):
    """The framework that a weights format needs is not installed."""

    exit_code = 5


class EngineError(DeepImageJError):
    """The framework failed to load the model or to run it."""

    exit_code = 6


class WorkerCrashed(EngineError):
    """The worker process ended while it was running the model."""


class OutOfMemory(EngineError):
    """The model needs more memory than there is."""


class HostError(DeepImageJError):
    """Java, ImageJ or the file system cannot do what was asked."""

    exit_code = 7


class MacroError(DeepImageJError):
    """A macro, the model's or the user's own, stopped with an error."""

    exit_code = 8


class RunCancelled(Exception):
    """The user cancelled the run."""

    exit_code: ClassVar[int] = 130

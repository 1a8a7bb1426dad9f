"""The windows' questions, from Java to the Python that answers them, and the answers back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from deepimagej.errors import DeepImageJError, RunCancelled
from deepimagej.guide import Ended, Page, Untrusted, Verdict
from deepimagej.host.reports import report

if TYPE_CHECKING:
    from deepimagej.host.status import StatusBar
    from deepimagej.progress import CancelToken, Progress

Choices = Sequence[Sequence[str]]


class Desk(Protocol):
    """What answers; the plugin, which lies above, makes it."""

    def models(self) -> Sequence[Sequence[str]]:
        """A row for each model of the library."""

    def page(self, model: str) -> Page:
        """All there is to read about a model."""

    def judge(self, model: str, choices: Choices) -> Verdict:
        """What the choices come to."""

    def run(
        self, model: str, choices: Choices, *, progress: Progress, cancel: CancelToken
    ) -> Ended | Untrusted:
        """Run a model."""

    def run_sample(
        self, model: str, choices: Choices, *, progress: Progress, cancel: CancelToken
    ) -> Ended | Untrusted:
        """Run a model on its sample."""

    def install(
        self, source: str, *, replace: bool, progress: Progress, cancel: CancelToken
    ) -> Ended:
        """Install a model."""

    def trust(self, model: str) -> None:
        """Trust the code of a model."""

    def text(self, name: str) -> tuple[str, str]:
        """Title and text."""


def register(make: Callable[[], Desk]) -> None:
    """Answer the windows from now on.

    Parameters
    ----------
    make
        Gives the desk; called with the first question, as that is when its imports are needed.
    """
    import jpype

    proxy = jpype.JProxy("deepimagej.window.Desk", inst=_Answers(make))
    jpype.JClass("deepimagej.window.Windows").setDesk(proxy)


class _Answers:
    """The methods of ``deepimagej.window.Desk``, by Java's names and in Java's types."""

    def __init__(self, make: Callable[[], Desk]) -> None:
        self._make = make

    def models(self) -> Any:
        return _asked(lambda: _rows(self._make().models()))

    def page(self, model: Any) -> Any:
        return _asked(lambda: _java_page(self._make().page(str(model))))

    def judge(self, model: Any, choices: Any) -> Any:
        return _asked(lambda: _java_verdict(self._make().judge(str(model), _plain(choices))))

    def run(self, model: Any, choices: Any, job: Any) -> Any:
        name, plain = str(model), _plain(choices)
        return _done(job, lambda bar: self._make().run(name, plain, **_watched(bar)))

    def runSample(self, model: Any, choices: Any, job: Any) -> Any:
        name, plain = str(model), _plain(choices)
        return _done(job, lambda bar: self._make().run_sample(name, plain, **_watched(bar)))

    def install(self, source: Any, replace: Any, job: Any) -> Any:
        text, is_replacing = str(source), bool(replace)
        return _done(
            job,
            lambda bar: self._make().install(text, replace=is_replacing, **_watched(bar)),
        )

    def trust(self, model: Any) -> None:
        _asked(lambda: self._make().trust(str(model)))

    def text(self, name: Any) -> Any:
        return _asked(lambda: _strings(self._make().text(str(name))))


class _Watched(TypedDict):
    progress: Progress
    cancel: CancelToken


def _watched(bar: StatusBar) -> _Watched:
    return {"progress": bar, "cancel": bar.cancel}


def _asked(question: Callable[[], Any]) -> Any:
    """The answer; what is raised becomes Java's exception, which a window shows."""
    import jpype

    try:
        return question()
    except BaseException as error:  # noqa: BLE001  # nothing may be lost at the border to Java
        raise jpype.JClass("deepimagej.window.Refusal")(failed(error)) from None


def _done(job: Any, work: Callable[[StatusBar], Ended | Untrusted]) -> Any:
    """The answer when the work has ended; meanwhile `job` tells how far it is."""
    import jpype

    from deepimagej.host.status import StatusBar

    answer = jpype.JClass("deepimagej.Answer")
    try:
        with StatusBar(job) as bar:
            ended = work(bar)
    except (RunCancelled, KeyboardInterrupt):
        return answer.cancelled()
    except BaseException as error:  # noqa: BLE001  # nothing may be lost at the border to Java
        return failed(error)
    if isinstance(ended, Untrusted):
        return answer.untrusted(ended.message, ended.hint, "")
    return answer.done(ended.line, ended.told)


def failed(error: BaseException) -> Any:
    """Java's answer that tells an error, with its report as the details."""
    import jpype

    answer = jpype.JClass("deepimagej.Answer")
    if isinstance(error, DeepImageJError):
        return answer.failed(error.message, error.hint, report(error))
    return answer.failed(f"{type(error).__name__}: {error}", "", report(error))


def _java_page(page: Page) -> Any:
    import jpype

    return jpype.JClass("deepimagej.window.Page")(
        _strings((page.header, page.picture, page.bibtex)),
        _rows(page.tabs),
        _rows(page.inputs),
        _rows(page.fields),
        page.has_sample,
    )


def _java_verdict(verdict: Verdict) -> Any:
    import jpype

    lines = _strings((verdict.full_line, verdict.short_line, verdict.python))
    return jpype.JClass("deepimagej.window.Verdict")(
        verdict.problem, verdict.key, verdict.preview, lines
    )


def _rows(rows: Sequence[Sequence[str]]) -> Any:
    import jpype

    return jpype.JArray(jpype.JString, 2)([_strings(row) for row in rows])


def _strings(texts: Sequence[str]) -> Any:
    import jpype

    return jpype.JArray(jpype.JString)(list(texts))


def _plain(choices: Any) -> list[list[str]]:
    return [[str(text) for text in pair] for pair in choices]

"""What ImageJ's windows show, as plain values: between the plugin, which says it, and Java."""

from __future__ import annotations

from dataclasses import dataclass, field

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All there is to read about a model, and what can be chosen for its run."""

    header: str
    """HTML: name, description, where it comes from."""
    picture: str
    """The file of a small PNG; empty if there is none."""
    bibtex: str
    """What to cite; empty if the bundle names nothing."""
    tabs: Rows
    """Title and HTML of each."""
    inputs: Rows
    """Key, label and help of each image; a fourth word for one that may be left out."""
    fields: Rows
    """Key, label, help, kind (``choice``, ``text`` or ``folder``), first text, texts to choose."""
    has_sample: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the choices of a run come to."""

    problem: str = ""
    """What is wrong, with the way out; empty if the run can start."""
    key: str = ""
    """The field that it is about; empty for none."""
    preview: str = ""
    """What the run will do, a sentence each line."""
    full_line: str = ""
    short_line: str = ""
    python: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run or an installation that did its work."""

    line: str = ""
    """The macro line that repeats it."""
    told: str = ""
    """What to tell of it."""


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A run that did not begin: the user is to be asked about the code of its model."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Field:
    """One choice of a run: what is shown, and what it means."""

    key: str
    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = field(default=())
    """What is shown and its value; the first is what stands there at the start."""
    is_written: bool = False
    """Whether another text may be written."""
    kind: str = ""
    """``folder`` for one to be chosen among the user's folders."""

    @property
    def row(self) -> tuple[str, ...]:
        """As the window takes it."""
        kind = self.kind or ("text" if self.is_written else "choice")
        shown = tuple(text for text, _ in self.choices)
        return (self.key, self.label, self.help, kind, shown[0] if shown else "", *shown)

    def value_of(self, text: str) -> str:
        """The value that a text of the window means; what was written means itself."""
        return dict(self.choices).get(text, text.strip())

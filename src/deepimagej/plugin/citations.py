"""The citations of a bundle as BibTeX."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from deepimagej.bundle.spec import ModelSpec

_DOI: Final = re.compile(r"(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)")
_URL: Final = re.compile(r"https?://\S+")
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")


def bibtex(spec: ModelSpec) -> str:
    """An entry for each citation of the bundle; empty if it names none.

    The bundle has the citation as a text, so the entry holds that text as ``note``, and of its
    parts only what can be told for certain: the DOI, an address, a year.
    """
    keys: set[str] = set()
    return "\n".join(_entry(citation, keys) for citation in spec.citations)


def _entry(citation: str, keys: set[str]) -> str:
    doi, url, year = _DOI.search(citation), _URL.search(citation), _YEAR.findall(citation)
    text = citation[: doi.start()] if doi else citation
    fields = {"note": _escaped(text.rstrip(" ,;") or citation)}
    if year:
        fields["year"] = year[-1]
    if doi:
        fields["doi"] = doi[1].rstrip(".,;)")
    elif url:
        fields["url"] = url[0].rstrip(".,;)")
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{{_key(citation, fields.get('year', ''), keys)},\n{body}}}\n"


def _key(citation: str, year: str, keys: set[str]) -> str:
    """A key that no other entry has: first word and year."""
    plain = unicodedata.normalize("NFKD", citation).encode("ascii", "ignore").decode()
    word = re.search(r"[A-Za-z]{2,}", plain)
    base = f"{word[0].lower() if word else 'model'}{year}"
    key, number = base, 1
    while key in keys:
        number += 1
        key = f"{base}_{number}"
    keys.add(key)
    return key


def _escaped(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)

"""What the option parser writes, as the running ImageJ reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from deepimagej.errors import OptionError
from deepimagej.macro_options import OPTIONS, format_macro_options
from deepimagej.option_table import spellings
from deepimagej.option_text import quote, split_pairs
from option_strategies import CARRIED_TEXTS, TEXTS, requests

if TYPE_CHECKING:
    from deepimagej.host.running import Host
    from deepimagej.request import RunRequest

SLOW_START = hypothesis_settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="session")
def ij(imagej: Host) -> Any:
    """ImageJ's own classes, once it runs."""
    import jpype

    return jpype.JPackage("ij")


def assert_imagej_reads(ij: Any, text: str) -> None:
    """Hold ImageJ's answer for every spelling of every key against ours."""
    written = {pair.key: pair.value for pair in split_pairs(text)}
    for key in spellings(OPTIONS):
        value = ij.Macro.getValue(text + " ", key, None)
        assert (None if value is None else str(value)) == written.get(key), key


@SLOW_START
@given(request=requests(CARRIED_TEXTS))
def test_imagej_reads_each_value_that_we_write(ij: Any, request: RunRequest) -> None:
    assert_imagej_reads(ij, format_macro_options(request))
    assert_imagej_reads(ij, format_macro_options(request, short=True))


@SLOW_START
@given(request=requests(TEXTS))
def test_what_is_not_refused_imagej_reads(ij: Any, request: RunRequest) -> None:
    try:
        text = format_macro_options(request)
    except OptionError:
        return
    assert_imagej_reads(ij, text)


@SLOW_START
@given(text=CARRIED_TEXTS)
def test_a_quoted_text_is_the_same_text_in_a_macro(ij: Any, text: str) -> None:
    assert str(ij.IJ.runMacro(f"return {quote(text)};")) == text

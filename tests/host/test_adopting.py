"""What an ImageJ lacks to be taken over, or to hold images of ImageJ2."""

from __future__ import annotations

import numpy as np
import pytest

from deepimagej.errors import HostError
from deepimagej.host import adopting
from deepimagej.host.imagej import ImageJ
from deepimagej.host.running import Host
from deepimagej.inputs import as_image


@pytest.fixture
def embedded(imagej: Host) -> Host:
    if imagej.gateway is not None:
        pytest.skip("this ImageJ has what the test misses")
    return imagej


def test_a_java_that_is_not_opened_has_no_roi_manager(embedded: Host) -> None:
    loader = embedded.java_class("java.lang.ClassLoader").getSystemClassLoader()
    with pytest.raises(HostError) as caught:
        adopting.take_roi_manager(Host("headless", embedded.bridge, loader=loader))
    assert caught.value.message.startswith(
        "The ROI Manager cannot be made ready without a display: "
    )
    assert caught.value.hint == "Start Java with --add-opens=java.base/java.lang=ALL-UNNAMED."


def test_the_embedded_imagej_makes_no_datasets(embedded: Host) -> None:
    with pytest.raises(HostError) as caught:
        ImageJ(embedded).to_dataset(np.zeros((3, 4)), title="cells")
    assert caught.value.message == (
        '"cells" cannot be a Dataset: the embedded ImageJ has no ImageJ2.'
    )
    assert caught.value.hint == 'Start a Fiji, as in deepimagej.start("/path/to/Fiji.app").'


def test_an_image_of_an_unknown_imagej2_is_an_error(embedded: Host) -> None:
    class Dataset:
        averageScale = None

    with pytest.raises(HostError) as caught:
        as_image(Dataset())
    assert caught.value.message == "An image of ImageJ2 is given, and ImageJ2 is not the host."
    assert caught.value.hint == ("Hand over the ImageJ that made it first: deepimagej.start(ij).")

"""TorchScript networks: the same bits at every call, whatever shape their answer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from deepimagej.errors import BundleError
from deepimagej.request import Device, WeightsFormat
from engine_cases import make_spec, random_image

if TYPE_CHECKING:
    from pathlib import Path

    from deepimagej.engines import Engines

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")


class Parts(torch.nn.Module):
    """A list and a tensor, and a line on stdout as some authors leave it."""

    def forward(self, x: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        """The parts."""
        print("looking at", x.size())  # noqa: T201  it must not break the worker's protocol
        return [x + 1, x * 2], x.mean()


class Named(torch.nn.Module):
    """A dict."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The parts by name."""
        return {"flow": -x, "prob": x * 3}


def _save(module: Any, path: Path) -> Path:
    torch.jit.script(module).save(str(path))
    return path


@pytest.mark.shared_data
def test_unet_gives_the_same_logits_at_every_call(engines: Engines, shared_data: Path) -> None:
    folder = shared_data / "models" / "unet2d_nuclei_broad"
    reference = np.load(folder / "reference" / "reference.npz")
    spec, weights = make_spec(WeightsFormat.TORCHSCRIPT, folder / "weights.pt")
    network = engines.load(spec, weights, device=Device("cpu"))
    image = {"input": reference["normalized_input"]}
    first, _, third = (network.predict(image, ["output"])["output"] for _ in range(3))
    assert_array_equal(third, first)
    # Another CPU than the reference's may round otherwise; on the same one the bits are equal.
    assert np.abs(first - reference["torchscript_logits"]).max() <= 1e-4


def test_outputs_of_a_tuple_follow_the_order_of_the_rdf(engines: Engines, tmp_path: Path) -> None:
    path = _save(Parts(), tmp_path / "parts.pt")
    ranks = {"plus": 4, "twice": 4, "mean": 0}
    spec, weights = make_spec(WeightsFormat.TORCHSCRIPT, path, outputs=ranks)
    image = random_image(1, 1, 6, 5)
    result = engines.load(spec, weights).predict({"input": image}, ["mean", "twice", "plus"])
    assert_array_equal(result["plus"], image + 1)
    assert_array_equal(result["twice"], image * 2)
    assert result["mean"].shape == ()


def test_outputs_of_a_dict_are_found_by_name(engines: Engines, tmp_path: Path) -> None:
    path = _save(Named(), tmp_path / "named.pt")
    spec, weights = make_spec(WeightsFormat.TORCHSCRIPT, path, outputs={"prob": 4, "flow": 4})
    image = random_image(1, 1, 6, 5)
    result = engines.load(spec, weights).predict({"input": image}, ["prob", "flow"])
    assert_array_equal(result["prob"], image * 3)
    assert_array_equal(result["flow"], -image)


def test_state_dict_under_a_wrong_name_is_refused(engines: Engines, tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "weights.pt")
    spec, weights = make_spec(WeightsFormat.TORCHSCRIPT, tmp_path / "weights.pt")
    with pytest.raises(BundleError, match=r"^The weights 'weights\.pt' of the model 'Nuclei' can"):
        engines.load(spec, weights)

"""Networks run in worker processes, one for each framework; `client` is the door."""

from deepimagej.engines.choice import Choice
from deepimagej.engines.client import Engines
from deepimagej.engines.network import Network
from deepimagej.engines.table import EngineStatus

__all__ = ["Choice", "EngineStatus", "Engines", "Network"]

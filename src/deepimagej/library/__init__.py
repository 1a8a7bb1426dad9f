"""Models on this machine: finding, installing and removing them, and trust in their code."""

from deepimagej.library.entries import ModelEntry
from deepimagej.library.findings import Finding
from deepimagej.library.store import Library
from deepimagej.library.trust import TrustStore

__all__ = ["Finding", "Library", "ModelEntry", "TrustStore"]

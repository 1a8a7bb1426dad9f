"""How well a result agrees with the truth."""

from deepimagej.metrics.labels import Matching, match_labels

__all__ = ["Matching", "match_labels"]

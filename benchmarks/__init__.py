"""deepimagej measured side by side with the raw frameworks and the peers; see README.md."""

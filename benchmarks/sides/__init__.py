"""The processes that are measured; each answers questions, see `answering`."""

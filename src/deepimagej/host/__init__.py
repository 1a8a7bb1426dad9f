"""The running ImageJ: the only package that touches Java."""

"""Pulumi: with `__main__` the only importers of pulumi."""

"""The destination: the only importers of workos."""

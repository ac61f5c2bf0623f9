"""How a directory is made from an export; private to `open_store`."""

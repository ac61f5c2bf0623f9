"""WorkOS in memory, for `ferry plan`."""

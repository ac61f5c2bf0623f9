"""WorkOS in memory, for a plan."""

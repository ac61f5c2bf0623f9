"""WorkOS's API."""

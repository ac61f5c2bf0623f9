"""WorkOS's API: what each call does, and what an environment holds."""

"""The source: the only rooms that know Auth0."""

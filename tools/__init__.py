"""What a developer or a newcomer runs: the engine, the demo."""

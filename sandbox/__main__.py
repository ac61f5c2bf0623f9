"""``python -m sandbox``: as ``ferry sandbox``."""

from sandbox.command import sandbox

if __name__ == "__main__":
    sandbox(prog_name="sandbox")

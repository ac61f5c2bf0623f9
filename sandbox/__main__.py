"""``python -m sandbox --port 0``: serve the embedded WorkOS API on this machine until it is told to stop."""

import argparse

from sandbox.server import serve


def main() -> None:
    """Read the port and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="An embedded WorkOS API on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) takes a free one")
    serve(parser.parse_args().port)


if __name__ == "__main__":
    main()

"""What an environment's owner sets in the Dashboard, and what WorkOS's documents leave open or disagree on.

The default of each is the strict reading: what passes here passes in production, whichever reading is the true one.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Switches:
    """The switches of one environment; ``/_sandbox/settings`` sets them."""

    #: Environment setting, off by default (WorkOS docs, roles and permissions).
    multiple_roles: bool = False
    #: ``replace`` or ``merge``: what ``domain_data`` does on update. Not documented; WorkOS's emulator replaces.
    domain_data: str = "replace"

"""One served WorkOS environment: what it holds, its request log, its limits, and the faults that strike its calls."""

from collections import deque
from dataclasses import dataclass, field

from sandbox.http.faults import LONGEST_LAG, Faults
from sandbox.http.request_log import RequestLog
from sandbox.workos.limits import Limits
from sandbox.workos.state import Environment


@dataclass(slots=True)
class WorkOS:
    """Everything the WorkOS side holds."""

    faults: Faults = field(default_factory=Faults)
    environment: Environment = field(default_factory=Environment)
    log: RequestLog = field(default_factory=RequestLog)
    limits: Limits = field(default_factory=Limits)
    #: The clock before each of the last calls that moved it; what lists lag behind.
    moments: deque[int] = field(default_factory=lambda: deque(maxlen=LONGEST_LAG))
    answered: int = 0

    def begin(self, environment: Environment) -> None:
        """Go on with an environment that was kept; the settings are this side's."""
        environment.switches = self.environment.switches
        self.environment = environment

    def moment_before(self, writes: int) -> int | None:
        """Return the clock as it was before the last so many writes; None: nothing was written since."""
        last = min(writes, len(self.moments))
        return self.moments[-last] if last else None

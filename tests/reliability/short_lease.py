"""What a daemon of the tests is told before it starts: how short its leases are, and which machine it is on."""

from datetime import timedelta

from scheduler.operations import deliver, recover
from scheduler.store import leases


def begin(machine: str, seconds: float) -> None:
    """Give the leases this length, and the process the name of a machine: no other can tell whether it has ended."""
    lease = timedelta(seconds=seconds)
    deliver.LEASE = lease
    recover._LEASE = lease
    leases._machine = lambda: machine

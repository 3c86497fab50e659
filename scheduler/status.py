"""Where a delivery stands, and the moves it can make from there."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """The state of one delivery."""

    queued = "queued"  # waits for its time
    held = "held"  # waits for a person or a condition; the reason says which
    claimed = "claimed"  # a worker has it, nothing has left
    staged = "staged"  # its media are prepared at the network, nothing is visible
    sending = "sending"  # the one visible call is recorded and may be on the wire
    published = "published"
    unknown = "unknown"  # may have gone out, being looked up
    needs_human = "needs-human"  # looked up, cannot tell
    failed = "failed"  # refused for good
    missed = "missed"  # too late by its lateness rule
    cancelled = "cancelled"  # taken out before it went
    withdrawn = "withdrawn"  # was published, taken down


_S = Status
MOVES: Mapping[Status, frozenset[Status]] = {
    # To unknown only when an older copy of the state was put back.
    _S.queued: frozenset({_S.claimed, _S.held, _S.missed, _S.cancelled, _S.failed, _S.unknown}),
    _S.held: frozenset({_S.queued, _S.missed, _S.cancelled, _S.unknown}),
    # To published only when it is found to be out already, although the state didn't know.
    _S.claimed: frozenset(
        {_S.staged, _S.queued, _S.held, _S.missed, _S.cancelled, _S.failed, _S.published, _S.unknown}
    ),
    _S.staged: frozenset({_S.sending, _S.queued, _S.held, _S.missed, _S.cancelled, _S.failed, _S.unknown}),
    # Back to queued only by proof: that nothing went out, or, of a thread, that this part is out and the next follows.
    _S.sending: frozenset({_S.published, _S.unknown, _S.queued, _S.held, _S.failed}),
    _S.unknown: frozenset({_S.published, _S.queued, _S.needs_human}),
    _S.needs_human: frozenset({_S.published, _S.queued}),
    _S.published: frozenset({_S.withdrawn}),
    _S.failed: frozenset({_S.queued, _S.cancelled}),
    _S.missed: frozenset({_S.queued, _S.cancelled}),
    # To withdrawn where parts of a thread were out already, and are taken down.
    _S.cancelled: frozenset({_S.queued, _S.withdrawn}),
    _S.withdrawn: frozenset(),
}
"""Every allowed move. `withdrawn` is final; whatever may have gone out leaves `sending` only by evidence."""

WAITING = frozenset({_S.queued, _S.held})
IN_HAND = frozenset({_S.claimed, _S.staged})

"""What Facebook's own codes mean after the one visible call. Imported only when something has to be sent."""

from collections.abc import Mapping

from scheduler.publishers.http_wire import Verdict

CODES: Mapping[int, Verdict] = {
    368: Verdict.duplicate,  # "blocked for abuse", and also "already posted": looked up, then known
    506: Verdict.duplicate,  # the same text as the post before: perhaps our own call
}

SUBCODES: Mapping[int, Verdict] = {
    1366051: Verdict.duplicate,  # these photos are in a post already: perhaps ours
}

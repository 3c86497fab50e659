"""How often one address may do a thing. It is kept as a keyed hash only, and the key lives in memory for a day."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_DAY = 86_400.0


class Limits:
    """Counts in this process's memory; nothing of it is ever written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._key, self._since = secrets.token_bytes(32), time.monotonic()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, limit: str, what: str, client: str) -> bool:
        """Tell whether `client` may do `what` once more within `limit` ("10 per minute"), and count it."""
        with self._lock:
            if time.monotonic() - self._since > _DAY:
                self._begin()
            name = hmac.new(self._key, _network(client).encode(), hashlib.sha256).hexdigest()[:32]
            return bool(self._limiter.hit(parse(limit), what, name))


def _network(client: str) -> str:
    """Return whom an address stands for: of IPv6 one household has a whole /64."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client

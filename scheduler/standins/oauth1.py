"""OAuth 1.0a as a server checks it, by hand from RFC 5849: not with the library the client signs with."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

WINDOW = 300  # seconds a timestamp may be off


def parameters(header: str) -> dict[str, str]:
    """Return the parameters of an Authorization header, decoded; {} where it isn't OAuth."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "oauth":
        return {}
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {unquote(name): unquote(value.strip('"')) for name, _, value in pairs}


def signature(
    method: str, url: str, pairs: Iterable[tuple[str, str]], *, consumer_secret: str, token_secret: str
) -> str:
    """Return the HMAC-SHA1 signature of a request; `pairs` are its query and OAuth parameters, decoded."""
    split = urlsplit(url)
    default = {"http": 80, "https": 443}[split.scheme]
    port = f":{split.port}" if split.port and split.port != default else ""
    base_url = f"{split.scheme}://{split.hostname}{port}{split.path or '/'}"
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(map(_quoted, (method.upper(), base_url, joined)))
    key = f"{_quoted(consumer_secret)}&{_quoted(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")

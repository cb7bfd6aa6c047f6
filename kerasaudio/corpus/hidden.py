"""What gives access in an address: it is used, and never shown or written.

https://host/a.wav?X-Amz-Signature=...   a signature, valid for a while: left out
https://host/a.wav?token=...             what seems to be secret: ***
https://user:password@host/a.wav         refused
"""

import re
from urllib.parse import unquote

_USER = re.compile(r"([A-Za-z0-9+.-]+)://([^/?#]*)@")
# How signed addresses of S3, CloudFront, Google, Azure and Alibaba call what differs
# from one signature of a file to the next.
_SIGNED = re.compile(
    r"x-(amz|goog|oss|cos|bce|obs)-.*|(aws|oss)?accesskeyid|googleaccessid|key-pair-id"
    r"|signature|expires|policy|security-token",
    re.IGNORECASE,
)
_AZURE = re.compile(
    r"s([evptrsi]|ig|rt|pr|ip|dd|cid|k(oid|tid|t|e|s|v))", re.IGNORECASE
)
_SECRET = re.compile(
    r"sig|token|secret|pass|pwd|key|auth|cred|session|jwt|hmac", re.IGNORECASE
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(:\d*)?")
_LINKS = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*:)")  # of a chain
_WEB = ("http", "https", "ftp", "sftp")
_NO_PASSWORD = ("github", "gist")  # github://owner:repository@branch/


def shown(address: str) -> str:
    """Return an address without what gives access, to be read by people."""
    if "://" not in address:
        return address
    return _without_signature(_USER.sub(_without_user, address), hide=True)


def _without_user(found: re.Match[str]) -> str:
    scheme, user = found.groups()
    is_secret = scheme in _WEB or (":" in user and scheme not in _NO_PASSWORD)
    return f"{scheme}://***@" if is_secret else found[0]


def lasting(address: str) -> str:
    """Return an address without its signature: the same for the next signature.

    It still has what is secret and is not known to be a signature.
    """
    return _without_signature(address, hide=False) if "://" in address else address


def check_no_password(address: str) -> None:
    """Raise a ValueError if an address has a user's name or password."""
    for part in _LINKS.split(address):
        scheme, separator, rest = part.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        is_bad = ":" in host.rpartition("@")[0] and scheme not in _NO_PASSWORD
        if scheme in _WEB:
            is_bad = not _HOST.fullmatch(host)
        if separator and is_bad:
            raise ValueError(
                f"A {scheme}:// address must not contain a user's name or password. "
                "Pass them as fsspec reads them: in its configuration, or in the "
                "environment."
            )


def _without_signature(address: str, hide: bool) -> str:
    begin, mark, query = address.partition("?")
    if not mark:
        return address
    pairs = query.split("&")
    names = [unquote(pair.partition("=")[0]) for pair in pairs]
    is_azure = "sig" in names
    kept = []
    for name, pair in zip(names, pairs, strict=True):
        if _SIGNED.fullmatch(name) or (is_azure and _AZURE.fullmatch(name)):
            continue
        if hide and _SECRET.search(name) and "=" in pair:
            pair = f"{pair.partition('=')[0]}=***"
        kept.append(pair)
    return begin + mark + "&".join(kept) if kept else begin

"""Describe errors of servers and connections in plain words."""

import datetime
import email.utils
import socket
import ssl
from email.message import Message

from kerasaudio.text import escaped

_MOST_WORDS = 200  # characters


def unfinished(seconds: float) -> str:
    """Return the message for an incomplete answer."""
    return f"no complete answer within {seconds:g} seconds"


def explain(reason: object, stall_seconds: float) -> str:
    """Return what a failed connection means."""
    if isinstance(reason, TimeoutError):
        return f"no answer for {stall_seconds:g} seconds"
    if isinstance(reason, socket.gaierror):
        return f"no network, or no such host ({reason.strerror})"
    if isinstance(reason, ssl.SSLError):
        return f"no trustworthy connection ({reason})"
    if isinstance(reason, OSError):
        return f"no connection ({reason.strerror or reason})"
    return told(str(reason)) or type(reason).__name__


def told(words: str) -> str:
    """Return a server's message as one escaped line of limited length."""
    line = " ".join(words.split())
    return escaped(line if len(line) <= _MOST_WORDS else f"{line[:_MOST_WORDS]} ...")


def retry_after(headers: Message) -> float:
    """Return the seconds that an answer asks to wait; 0 if it does not ask."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        then = email.utils.parsedate_to_datetime(asked)
    except (ValueError, TypeError, IndexError):  # not a date
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=datetime.UTC)
    return max(0.0, (then - datetime.datetime.now(datetime.UTC)).total_seconds())

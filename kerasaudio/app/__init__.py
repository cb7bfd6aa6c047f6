"""Hear and See: a page that hears the microphone and shows what a network hears.

`see` serves it to browsers (extra `[app]`), `create_app` returns it for another server.
"""

from kerasaudio.app.server import create_app, see

__all__ = ["create_app", "see"]

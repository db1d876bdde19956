"""What every request must pass and every answer carries: hosts, origins, body limits, headers.

Written against the ASGI interface alone, so that no request reaches a route unchecked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from sim.web.limits import Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""For the page: nothing inline, nothing from elsewhere, no frame around it."""

DRAWING_POLICY = "default-src 'none'"
"""For figures: nothing but what is drawn."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""For reports: self-contained, without scripts; the page shows them in a frame of its own."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
SESSION_HEADER = "x-refocus-session"


class Refused(Exception):  # noqa: N818 (it is an answer)
    """A request that is answered with a status and one line."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def host_of(header: str) -> str:
    """Return the name in a Host header, without its port; empty when there is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def check_host(header: str, allowed: Iterable[str]) -> None:
    """Refuse a Host header that is not ours: another site's name made to point here.

    Raises Refused with status 400.
    """
    if host_of(header) not in allowed:
        raise Refused(400, "host: this server does not answer under that name")


def place_of(origin: str) -> str | None:
    """Return the name and port in an Origin header; None when it holds none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def check_origin(headers: dict[str, str]) -> None:
    """Refuse what another site's page asks for.

    Browsers name the page's origin in all requests that are not simple reads, and say in
    ``Sec-Fetch-Site`` how it relates to us; programs send neither.

    Raises Refused with status 403.
    """
    origin = headers.get("origin")
    # Compared with its port: another server on this machine is another site.
    if origin is not None and place_of(origin) != headers.get("host", ""):
        raise Refused(403, "origin: requests from other sites are refused")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "origin: requests from other sites are refused")


def checked_session(headers: dict[str, str]) -> str:
    """Return the browser's own mark, which another site's page cannot send.

    Raises Refused with status 403 when it is missing, or no name of 8 to 64 letters and digits.
    """
    session = headers.get(SESSION_HEADER, "")
    if not (8 <= len(session) <= 64 and session.isascii() and session.isalnum()):
        raise Refused(403, f"header {SESSION_HEADER}: must be 8 to 64 letters and digits")
    return session


class Guard:
    """Checks before an application, headers behind it.

    Parameters
    ----------
    app : App
        The application.
    hosts : iterable of str
        Names under which the server answers.
    limits : Limits
        Sizes and times.
    """

    def __init__(self, app: App, hosts: Iterable[str], limits: Limits) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        guarded = dressed(send, scope["path"].startswith("/api/"))
        try:
            check_host(headers.get("host", ""), self.hosts)
            if scope["method"] not in ("GET", "HEAD"):
                check_origin(headers)
                checked_session(headers)
            elif scope["path"].startswith("/api/"):
                check_origin(headers)
            await self.app(scope, limited(receive, headers, scope["path"], self.limits), guarded)
        except Refused as refused:
            await answer(guarded, refused.status, str(refused))


def dressed(send: Send, private: bool) -> Send:
    """Return a `send` that adds the headers every answer carries."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            given = {name.lower() for name, _ in headers}
            extra = {"content-security-policy": PAGE_POLICY, **HEADERS}
            if private:
                extra["cache-control"] = "no-store"
            for name, text in extra.items():
                if name.encode() not in given:
                    headers.append((name.encode(), text.encode()))
            message = {**message, "headers": headers}
        await send(message)

    return with_headers


def limited(receive: Receive, headers: dict[str, str], path: str, limits: Limits) -> Receive:
    """Return a `receive` that refuses bodies that are too large or too slow.

    Raises Refused with status 413, 408 or 400.
    """
    most = limits.roster_bytes if path == "/api/rosters" else limits.settings_bytes
    stated = headers.get("content-length", "0")
    if not stated.isdigit():
        raise Refused(400, "header content-length: must be a whole number")
    if int(stated) > most:
        raise Refused(413, f"body: {int(stated)} bytes are too many; at most {most}")
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.body_seconds
    seen = 0
    complete = False

    async def counted() -> Message:
        nonlocal seen, complete
        if complete:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, end - loop.time()))
        except TimeoutError:
            raise Refused(408, "body: took too long to arrive") from None
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if seen > most:
                raise Refused(413, f"body: too many bytes; at most {most}")
        return message

    return counted


async def answer(send: Send, status: int, message: str) -> None:
    """Send a one-line answer in JSON."""
    body = json.dumps({"error": message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""`refocus serve`: open the page on this machine."""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any

from sim.errors import InputError

PORT = 8765
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CLOSING_SECONDS = 5
SWITCH_SECONDS = 0.0005
# Each is a process of some 300 MB.
MOST_JOBS = 4
EVERYWHERE = ("0.0.0.0", "::")


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "serve",
        help="open the web page: plan, watch a team, design a trial",
        description="Serve the web page on this machine. Nothing is loaded from elsewhere, and by "
        "default nobody else can reach it. Needs the extra 'web'.",
    )
    parser.add_argument("--port", default=str(PORT), help=f"port (default {PORT}; 0: any free one)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine alone)"
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which the page is reached; may be repeated",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument(
        "--jobs",
        default=str(usual_jobs()),
        help=f"simulations at once (default: one a processor, at most {MOST_JOBS})",
    )
    parser.add_argument(
        "--keep", metavar="DIR", help="folder for uploads and results (default: the user's cache)"
    )
    parser.set_defaults(run=run)


def usual_jobs() -> int:
    """Return how many simulations run at once where nobody says."""
    return min(MOST_JOBS, os.cpu_count() or 1)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from sim.reading.numbers import whole

    port = whole("port", options.port, 0, 65535)
    workers = whole("jobs", options.jobs, 1, 64)
    try:
        import uvicorn

        from sim.web.application import Site, application
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise InputError(
            f"serve: needs {error.name}, which the extra 'web' brings; in the project's folder: "
            "python -m pip install -c constraints.txt -e '.[web]'"
        ) from None
    from sim.engines.code_cache import cache_root
    from sim.web.limits import Limits

    limits = Limits()
    folder = Path(options.keep) if options.keep else cache_root() / "web"
    bound = bind(options.host, port)
    try:
        site = Site(folder, limits, workers)
    except OSError as error:
        bound.close()
        raise InputError(f"keep = '{folder}': cannot be written ({error.strerror})") from None
    hosts = allowed_hosts(options.host, options.allowed_host)
    config = uvicorn.Config(
        application(site, hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        ws="none",
    )
    port = bound.getsockname()[1]
    address = f"http://{shown(options.host)}:{port}/"
    print(f"refocus: the page is at {address} (Ctrl-C stops it)", file=sys.stderr, flush=True)
    for one in own_addresses() if options.host in EVERYWHERE else ():
        print(f"refocus: for others it is at http://{shown(one)}:{port}/", file=sys.stderr)
    if not is_loopback(options.host):
        print(
            "refocus: others can reach this page; it has no login, see docs/security.md",
            file=sys.stderr,
            flush=True,
        )
    if options.open:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    # What a thread works out leaves the others their turn ten times as often as usual: an answer
    # that only waits for its turn is not felt.
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        uvicorn.Server(config).run(sockets=[bound])
    finally:
        bound.close()
    print("refocus: stopped", file=sys.stderr)
    return 0


BACKLOG = 128


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Raises InputError when the address is not this machine's, or the port is taken.
    """
    bound: socket.socket | None = None
    try:
        (family, kind, proto, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound = socket.socket(family, kind, proto)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        # Whoever follows the address as soon as it is printed waits and is not refused.
        bound.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        if bound is not None:
            bound.close()
        reason = getattr(error, "strerror", None) or "no address"
        raise InputError(
            f"host = '{host}', port = {port}: cannot listen there ({reason}); "
            "try another port, or 0 for any free one"
        ) from None
    return bound


def own_addresses() -> list[str]:
    """Return the names and addresses under which others may reach this machine."""
    found = [socket.gethostname()]
    with contextlib.suppress(OSError):
        found += [str(one[4][0]) for one in socket.getaddrinfo(found[0], None)]
    for family, beyond in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Which address would speak to a machine elsewhere; nothing is sent.
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((beyond, 9))
            found.append(str(asked.getsockname()[0]))
    return [one for one in dict.fromkeys(found) if not is_loopback(one) and "%" not in one]


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return host in LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(host: str) -> str:
    """Return an address as it stands in a link."""
    if host in EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host


def allowed_hosts(host: str, further: list[str]) -> tuple[str, ...]:
    """Return the names under which the server answers."""
    own = own_addresses() if host in EVERYWHERE else []
    names: list[Any] = [*LOOPBACK, host, *own, *further]
    return tuple(str(one).strip("[]").lower() for one in names)

"""``liaison run``, ``serve`` and ``worker``: the processes that stay.

The pages, the API and the worker are beside this package, the application above it: they are named as text and loaded
by gunicorn, or here when they are started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import Any, NoReturn

import click

from service import logs
from service.cli.choosing import folder_of_districts
from service.cli.districts import told_faults
from service.cli.setup import config_directory, known_doer, opened, organization, started, wired
from service.config import Settings, load_notifications
from service.config.districts import VARIABLE, known
from service.db import Database
from service.db import migrate as migrations
from service.db.standing import SPARE, each_may_open, taken
from service.errors import Conflict
from service.rights import SYSTEM

APPLICATION, OF_DISTRICTS = "service.app:create_app()", "service.app:create_districts()"
WORKER = "service.worker"
STOP_WITHIN_SECONDS = 15
HOOKS = "python:service.cli.gunicorn"
SERVER = "service.cli.receiving.ReceivingWorker"
METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Where the server processes put their request counts together; whoever starts the service may name another place."""


@click.command()
@click.option("--prepare", is_flag=True, help="先升级数据库并部署随附流程；试用环境没有数据时装入演示数据。")
def run(*, prepare: bool) -> None:
    """试用与开发：启动网页、接口和后台任务，地址见 bind 设置；按 Ctrl+C 停止。"""
    chosen = started()
    _require_free(chosen.bind)
    web = _started(chosen) if prepare and _is_current() else None
    code = 0
    try:
        if prepare:
            _prepare(chosen)
        with _ready() as database:
            _welcome(chosen, database)
            web = web or _started(chosen)
            stop = _stopping()
            Thread(target=_tell_end, args=(web, stop), daemon=True).start()
            _work(database, chosen, stop)
    finally:
        if web is not None:
            code = _end(web)
    sys.exit(code)


def _started(chosen: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_gunicorn(chosen, workers=1, threads=8), env=_environment())  # noqa: S603 - our own words


def _is_current() -> bool:
    """Whether the pages may start while the rest is loaded: nothing of the schema is left to do."""
    with opened(current=False) as database:
        return migrations.is_current(database)


def _prepare(chosen: Settings) -> None:
    """Does the work of ``liaison migrate`` and ``liaison demo --if-empty``, without loading everything twice more."""
    context = click.get_current_context()
    commands: Any = context.find_root().command
    context.invoke(commands.get_command(context, "migrate"))
    if chosen.demo and not chosen.is_production:
        context.invoke(commands.get_command(context, "demo"), if_empty=True)


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), help="网页进程数；不写时与处理器核数相同。")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="每个进程的线程数。")
def serve(workers: int | None, threads: int) -> None:
    """正式运行：用 gunicorn 提供网页和接口；后台任务另用 liaison worker 启动。"""
    chosen, workers = started(), workers or min(os.cpu_count() or 1, 64)
    if (folder := folder_of_districts()) is not None:
        _serve_districts(chosen, folder, workers=workers, threads=threads)
    with _ready() as database:
        _require_free(chosen.bind)
        connections = chosen.connections or each_may_open(taken(database), workers=workers, threads=threads)
    command = _gunicorn(chosen, workers=workers, threads=threads)
    own = {METRICS: str(_fresh_metrics(chosen)), "LIAISON_CONNECTIONS": str(connections)}
    # takes this process's place, so that whoever started it (systemd, a container) speaks to gunicorn itself
    os.execve(command[0], command, {**_environment(), **own})  # noqa: S606 - our own words


def _serve_districts(chosen: Settings, folder: Path, *, workers: int, threads: int) -> NoReturn:
    """The same for all districts: those that cannot be served are told, and the others are."""
    told_faults(known(folder, os.environ))
    _require_free(chosen.bind)
    command = _gunicorn(chosen, workers=workers, threads=threads, application=OF_DISTRICTS)
    own = {METRICS: str(_fresh_metrics(chosen)), "LIAISON_CONNECTIONS": str(chosen.connections or threads + SPARE)}
    where = {**_environment(), VARIABLE: str(folder.resolve())}
    os.execve(command[0], command, {**where, **own})  # noqa: S606 - our own words


@click.command()
def worker() -> None:
    """后台任务：执行到期的定时、发送提醒；可在多台机器上同时运行多个。"""
    if (folder := folder_of_districts()) is not None:
        told_faults(known(folder, os.environ))
        logs.configure(started().log_level)
        beside: Any = import_module(WORKER)
        beside.Rota(folder, os.environ).run(_stopping())
        return
    with _ready() as database:
        _work(database, started(), _stopping())


def _work(database: Database, chosen: Settings, stop: Event) -> None:
    logs.configure(chosen.log_level)
    beside: Any = import_module(WORKER)
    beside.Worker(database, chosen, load_notifications(config_directory()), organization()).run(stop)


@contextmanager
def _ready() -> Iterator[Database]:
    """The database, able to run processes; whatever would stop the start is told here, in words.

    Raises Invalid (a bad setting, demonstration accounts in production), Conflict (not migrated, not durable).
    """
    from service.usecases.starting import make_ready  # with it the engine loads: the pages start meanwhile

    load_notifications(config_directory())
    with wired() as database:
        make_ready(database, started(), organization(), actor=known_doer() or SYSTEM)
        yield database


def _stopping() -> Event:
    """Set when the process is asked to stop (SIGTERM, Ctrl+C)."""
    stop = Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    return stop


def _gunicorn(chosen: Settings, *, workers: int, threads: int, application: str = APPLICATION) -> list[str]:
    return [
        sys.executable,
        *("-m", "gunicorn"),
        *("--bind", chosen.bind),
        *("--worker-class", SERVER, "--workers", str(workers), "--threads", str(threads)),
        *("--graceful-timeout", str(STOP_WITHIN_SECONDS)),
        *("--log-level", "warning"),
        *("--config", HOOKS),
        application,
    ]


def _environment() -> dict[str, str]:
    """The application reads the same settings as this command."""
    return {**os.environ, "LIAISON_CONFIG": str(config_directory().resolve())}


def _fresh_metrics(chosen: Settings) -> Path:
    """An empty directory for this start's counts: those of an earlier one would be added to them."""
    port = chosen.bind.rpartition(":")[2]
    place = Path(os.environ.get(METRICS) or chosen.data_dir / f"metrics-{port}").resolve()
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("*.db"):
        old.unlink(missing_ok=True)
    return place


def _tell_end(web: subprocess.Popen[bytes], stop: Event) -> None:
    web.wait()
    stop.set()


def _end(web: subprocess.Popen[bytes]) -> int:
    """Stops the server in good order; 0 if it was still running, else its own exit code."""
    code = web.poll()
    if code is not None:
        click.echo(f"网页服务已退出（代码 {code}），后台任务随之停止。", err=True)
        return code or 1
    web.terminate()
    try:
        web.wait(STOP_WITHIN_SECONDS + 5)
    except subprocess.TimeoutExpired:
        web.kill()
        web.wait()
    return 0


def _require_free(bind: str) -> None:
    """Raises Conflict if somebody listens there already: gunicorn would say so in English after five seconds."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Conflict(
            f"不能在 {bind} 上监听：地址已被其他程序占用或不属于本机。请停止那个程序，或用 LIAISON_BIND 换一个地址"
        ) from error


def _welcome(chosen: Settings, database: Database) -> None:
    """Where the service is and, with demonstration data, as whom to sign in."""
    for line in _lines(chosen, database):
        click.echo(line)
    sys.stdout.flush()


def _lines(chosen: Settings, database: Database) -> Sequence[str]:
    from service.auth.queries import has_demo_accounts

    lines = ["", f"直联平台：http://{chosen.bind}", ""]
    with database.reading() as session:
        if chosen.is_production or not has_demo_accounts(session):
            return lines
        demonstration: Any = import_module("service.cli.demo")
        return [*lines, *demonstration.account_lines(session), ""]

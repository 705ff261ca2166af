"""The steps of a server process that has loaded the application."""

from __future__ import annotations

import gc
from types import SimpleNamespace

from service.cli import gunicorn
from service.cli.serving import HOOKS


def test_what_is_loaded_once_is_not_walked_by_every_collection() -> None:
    loaded = [{"spec": number} for number in range(1000)]
    before = gc.get_freeze_count()
    try:
        gunicorn.post_worker_init(None)
        assert gc.get_freeze_count() > before + len(loaded)
        fresh = [[number] for number in range(10)]
        assert fresh in [one for one in gc.get_objects() if isinstance(one, list)]
        assert not any(one is loaded for one in gc.get_objects())
    finally:
        gc.unfreeze()


def test_the_access_log_is_written_while_a_process_lives_and_at_its_end() -> None:
    said: list[str] = []
    keeper = SimpleNamespace(start=lambda: said.append("start"), stop=lambda: said.append("stop"))
    worker = SimpleNamespace(wsgi=SimpleNamespace(extensions={"liaison": SimpleNamespace(keeper=keeper)}))
    try:
        gunicorn.post_worker_init(worker)
        gunicorn.worker_exit(None, worker)
        gunicorn.worker_exit(None, SimpleNamespace())  # one that ended before it had loaded anything
    finally:
        gc.unfreeze()
    assert said == ["start", "stop"]


def test_districts_are_told_how_many_threads_they_share() -> None:
    said: list[object] = []
    keeper = SimpleNamespace(start=lambda: said.append("start"), share=said.append)
    application = SimpleNamespace(extensions={"liaison": SimpleNamespace(keeper=keeper)})
    try:
        gunicorn.post_worker_init(SimpleNamespace(wsgi=application, cfg=SimpleNamespace(threads=8)))
    finally:
        gc.unfreeze()
    assert said == [8, "start"]


def test_the_server_is_told_of_its_hooks() -> None:
    assert f"python:{gunicorn.__name__}" == HOOKS

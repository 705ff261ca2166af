"""Where the bytes of files stand: a folder, and a bucket of a real server of the outside world's kind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from service import attachments, clock
from service.config.files import Files
from service.config.settings import load
from service.errors import Incident
from service.storage import chosen
from service.storage.stores import KEY, Bucket, Folder
from service.usecases.examining import WRONG, _bucket
from tests.factories.contacts import LIAISON
from tests.factories.files import PDF, received
from tests.factories.people import unit

SQLITE = pytest.mark.databases("sqlite")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an object store."""
    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    made.start()
    host, port = made.get_host_and_port()
    yield f"http://{host}:{port}"
    made.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return chosen(Files(str(tmp_path / "files")))
    files = Files("s3://talent/files", request.getfixturevalue("server"), "us-east-1", "key", "secret")
    made = chosen(files)
    assert isinstance(made, Bucket)
    made._system.call_s3("create_bucket", Bucket="talent")
    return made


def test_bytes_are_kept_under_their_digest_once(store):
    digest = store.put(PDF)
    assert store.put(PDF) == digest
    assert store.read(digest) == PDF
    assert store.holds(digest)
    [(name, written)] = list(store.listed())
    assert (name, written > datetime.now(UTC) - timedelta(minutes=5)) == (digest, True)
    assert not store.drop(digest, datetime.now(UTC) - timedelta(minutes=5))
    assert store.holds(digest)
    later = datetime.now(UTC) + timedelta(minutes=5)
    aside = isinstance(store, Bucket)
    if aside:
        assert not store.drop(digest, later)
        assert store.read(digest) == PDF
    assert [store.drop(digest, later), store.drop(digest, later)] == [True, False]
    assert not store.holds(digest)
    assert list(store.listed()) == []
    with pytest.raises(Incident, match="不在存放处"):
        store.read(digest)


class Racing(Bucket):
    """A bucket into which somebody puts the very bytes that are being swept, just before they are taken away."""

    def _do(self, what, *arguments, **more):
        if what == "rm_file":
            super()._do("pipe_file", self._path(sha256(PDF).hexdigest()), PDF)
        return super()._do(what, *arguments, **more)


def test_bytes_that_come_again_while_they_are_swept_stay(server):
    store = Racing(Files("s3://racing/files", server, "us-east-1", "key", "secret"))
    store._system.call_s3("create_bucket", Bucket="racing")
    digest = store.put(PDF)
    later = datetime.now(UTC) + timedelta(minutes=5)
    for _ in range(3):
        store.drop(digest, later)
        assert store.read(digest) == PDF


def test_a_place_is_written_to_before_it_is_called_good(store, tmp_path):
    store.probe()
    assert list(store.listed()) == []
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_bucket_that_may_only_be_read_is_not_good(server, monkeypatch):
    whole = Bucket(Files("s3://kept/files", server, "us-east-1", "key", "secret"))
    whole._system.call_s3("create_bucket", Bucket="kept")
    iam = boto3.client(
        "iam", endpoint_url=server, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    iam.create_user(UserName="reader")
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    told = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="reading", PolicyDocument=told)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    files = Files("s3://kept/files", server, "us-east-1", key["AccessKeyId"], key["SecretAccessKey"])
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0.0)  # from now on it asks who may
    assert not chosen(files).holds("0" * 64)
    seen = _bucket(replace(load(Path("config"), {}), files=files))
    assert (seen.grade, "不能写入" in seen.said) == (WRONG, True)


def test_changed_bytes_are_told_and_not_given(tmp_path):
    store = Folder(tmp_path)
    digest = store.put(PDF)
    (tmp_path / digest[:2] / digest).write_bytes(PDF + b"!")
    with pytest.raises(Incident, match="已损坏"):
        store.read(digest)


def test_a_bucket_that_nobody_reaches_says_so():
    away = Bucket(Files("s3://talent/files", "http://127.0.0.1:9", "us-east-1", "key", "secret"))
    away._system.retries = 1
    with pytest.raises(Incident, match="连不上"):
        away.read("0" * 64)


@SQLITE
def test_what_nobody_hands_in_is_swept_and_what_is_named_stays(session, tmp_path):
    unit(session)
    session.info[KEY] = store = Folder(tmp_path)
    now = clock.now()
    old = attachments.stage(session, file=received(session, "旧.pdf"), actor=LIAISON, now=now - timedelta(days=31))
    young = attachments.stage(session, file=received(session, "新.pdf", PDF + b"2"), actor=LIAISON, now=now)
    held = received(session, "制度.pdf", PDF + b"3")
    attached = attachments.attach(session, stream="unit:hrss", file=held, actor=LIAISON, now=now)
    stray = store.put(PDF + b"4")
    for name, _ in list(store.listed()):
        long_ago = (now - timedelta(days=400)).timestamp()
        os.utime(tmp_path / name[:2] / name, (long_ago, long_ago))
    lately = store.put(PDF + b"5")
    digest = old.sha256
    assert attachments.forget_staged(session, days=30, now=now) == 1
    assert attachments.forget_bytes(session, now=now) == 2
    assert [store.holds(one) for one in (digest, young.sha256, attached.sha256, stray, lately)] == [
        False,
        True,
        True,
        False,
        True,
    ]

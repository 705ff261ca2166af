"""The chat services of offices: 企业微信 and 政务微信, 钉钉, to each person or into a group (adr/0058).

Both speak alike: a token for an application, then a message to a name; ``errcode`` of an answer says whether it worked.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import requests

from service import clock
from service.config import Chat
from service.errors import Incident
from service.notifications.letter import ChannelDown, Letter, Undeliverable

TIMEOUT_SECONDS = 20
LONGEST_BYTES = 2000
"""So long may a text be; what is longer is cut, and the page has it whole."""


@dataclass(frozen=True, slots=True)
class Service:
    """How a chat service is spoken to. ``again``: answers after which a new token helps; ``later``: that it has had too
    much at present; ``nobody``: that there is nobody of that name."""

    name: str
    section: str
    sign_in_path: str
    sign_in_names: tuple[str, str]
    person_path: str
    group_path: str
    group_name: str
    again: frozenset[int]
    later: frozenset[int]
    nobody: frozenset[int]


WECHAT = Service(
    name="政务微信",
    section="wechat",
    sign_in_path="/cgi-bin/gettoken",
    sign_in_names=("corpid", "corpsecret"),
    person_path="/cgi-bin/message/send",
    group_path="/cgi-bin/webhook/send",
    group_name="key",
    again=frozenset({40001, 40014, 42001}),
    later=frozenset({-1, 45009, 45033}),
    nobody=frozenset({40003, 60111, 81013}),
)
DINGTALK = Service(
    name="钉钉",
    section="dingtalk",
    sign_in_path="/gettoken",
    sign_in_names=("appkey", "appsecret"),
    person_path="/topapi/message/corpconversation/asyncsend_v2",
    group_path="/robot/send",
    group_name="access_token",
    again=frozenset({88, 40001, 40014, 42001}),
    later=frozenset({-1, 90018, 130101}),
    nobody=frozenset({33012, 40031, 60121}),
)


class People:
    """Writes to each person, in the name of the office's application."""

    def __init__(self, chat: Chat, service: Service) -> None:
        self.chat, self.service = chat, service
        self._token: str | None = None

    def __call__(self, letter: Letter) -> None:
        """Raises Incident saying why it could not be sent."""
        said = self._send(letter)
        if said.get("errcode") in self.service.again:
            self._token = None
            said = self._send(letter)
        _judge(said, self.service)
        if said.get("invaliduser"):
            raise Undeliverable(f"{self.service.name}没有这个账号，请本人在“提醒设置”里改正")

    def _send(self, letter: Letter) -> Mapping[str, Any]:
        if self._token is None:
            self._token = self._signed_in()
        text = {"msgtype": "text", "text": {"content": _text(letter)}}
        message: dict[str, Any]
        if self.service is WECHAT:
            message = {"touser": letter.address, "agentid": int(self.chat.agent), "enable_duplicate_check": 1, **text}
        else:
            message = {"userid_list": letter.address, "agent_id": int(self.chat.agent), "msg": text}
        return _asked(
            self.service, "POST", self.chat.base + self.service.person_path, {"access_token": self._token}, message
        )

    def _signed_in(self) -> str:
        names = dict(zip(self.service.sign_in_names, (self.chat.app, self.chat.secret), strict=True))
        said = _asked(self.service, "GET", self.chat.base + self.service.sign_in_path, names)
        if said.get("errcode") or not said.get("access_token"):
            code = said.get("errcode")
            raise ChannelDown(f"{self.service.name}拒绝登录（代码 {code}），请检查 {self.service.section} 的应用和密钥")
        return str(said["access_token"])


class Group:
    """Writes into the group of a robot."""

    def __init__(self, chat: Chat, service: Service) -> None:
        self.chat, self.service = chat, service

    def __call__(self, letter: Letter) -> None:
        """Raises Incident saying why it could not be sent."""
        query = {self.service.group_name: letter.address, **self._signed()}
        message = {"msgtype": "text", "text": {"content": _text(letter)}}
        _judge(_asked(self.service, "POST", self.chat.base + self.service.group_path, query, message), self.service)

    def _signed(self) -> dict[str, str]:
        if not self.chat.robot_secret:
            return {}
        moment = str(round(clock.now().timestamp() * 1000))
        key = self.chat.robot_secret.encode()
        sealed = hmac.new(key, f"{moment}\n{self.chat.robot_secret}".encode(), sha256).digest()
        return {"timestamp": moment, "sign": b64encode(sealed).decode()}


def _asked(
    service: Service, method: str, url: str, query: Mapping[str, str], message: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The service's answer. Its address holds secrets, so that no error quotes it."""
    try:
        answer = requests.request(
            method, url, params=query, json=message, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
        said = answer.json() if answer.ok else None
    except requests.JSONDecodeError:
        said = None
    except requests.RequestException:
        raise ChannelDown(f"无法连接{service.name}，请检查 {service.section}.base 设置和网络") from None
    if not isinstance(said, dict):
        raise ChannelDown(
            f"{service.name}没有正常答复（HTTP {answer.status_code}），请检查 {service.section}.base 设置"
        )
    return said


def _judge(said: Mapping[str, Any], service: Service) -> None:
    code = said.get("errcode", 0)
    if not code:
        return
    told = f"{service.name}没有接收（代码 {code}）"
    if code in service.later:
        raise Incident(f"{told}：暂时繁忙，稍后自动重试")
    if code in service.nobody:
        raise Undeliverable(f"{told}：没有这个账号，请本人在“提醒设置”里改正")
    raise Incident(f"{told}，请检查 {service.section} 设置")


def _text(letter: Letter) -> str:
    whole = f"{letter.subject}\n{letter.body}"
    return whole.encode()[:LONGEST_BYTES].decode(errors="ignore")

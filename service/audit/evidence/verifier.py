#!/usr/bin/env python3
"""Checks the evidence of one case anywhere: Python 3.9 and its standard library are all it needs.

``python verify.py [PACKAGE] [--digest HEX] [--key HEX]``: PACKAGE is the zip or its unpacked folder, by default the
folder of this file. Ends with 0 where all is right, 1 where something is not as it was, 2 where it cannot be read.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Point = tuple[int, int, int, int]
Files = Mapping[str, bytes]
Said = Mapping[str, Any]

FORMAT, VERSION = "talent-liaison-evidence", 1
FIRST = "0" * 64
SEALED = ("stream", "seq", "at", "actor", "on_behalf_of", "kind", "task", "data", "prev_hash")
MANIFEST, RECEIPT = "manifest.json", "manifest.sha256"
UNPROVEN = "；没有给出清单摘要（--digest），打印件、离线回放页和元数据只与包内的清单一致，不能由此证明没有被换过"
NAMED = 20
NOT_OURS = {"__pycache__", ".DS_Store", "Thumbs.db"}
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


class Unreadable(Exception):
    """The package cannot be read at all; the message says why."""


# --- Ed25519 (RFC 8032, section 5.1.7) ---


def plus(one: Point, other: Point) -> Point:
    """The sum of two points in extended coordinates."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """A multiple of a point."""
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = plus(found, point)
        point, number = plus(point, point), number >> 1
    return found


def point_of(text: bytes) -> Point | None:
    """The point that 32 bytes stand for; None for no point."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(text: str, signature: Any, key: str) -> bool:
    """Whether ``signature`` (hex) of ``text`` is that of the public ``key`` (hex)."""
    try:
        signed, public = bytes.fromhex(signature), bytes.fromhex(key)
    except (TypeError, ValueError):
        return False
    if len(signed) != 64 or len(public) != 32:
        return False
    owner, r, s = point_of(public), point_of(signed[:32]), int.from_bytes(signed[32:], "little")
    if owner is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signed[:32] + public + text.encode()).digest(), "little") % L
    left, right = times(s, BASE), plus(r, times(h, owner))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# --- Digests ---


def canonical(value: Any) -> str:
    """JSON with sorted keys, without spaces or needless escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def sm3(content: bytes) -> str | None:
    """SM3 in hex, where this Python knows it; else None."""
    try:
        return hashlib.new("sm3", content).hexdigest()
    except ValueError:
        return None


def event_hash(event: Said) -> str:
    """The hash of an event, made from its content."""
    at = datetime.fromisoformat(event["at"]).isoformat(timespec="microseconds")
    return sha256(canonical([at if name == "at" else event[name] for name in SEALED]).encode())


def bundle_digest(files: Files) -> str:
    """The name of a definition, made from the names and bytes of its files."""
    made = hashlib.sha256()
    for name in sorted(files):
        made.update(f"{name}\0{len(files[name])}\0".encode())
        made.update(files[name])
    return made.hexdigest()


def root_by(leaf: str, at: int, size: int, path: Sequence[str]) -> str | None:
    """The root of the tree of ``size`` leaves that the path leads to (RFC 9162, 2.1.3.2); None for a wrong path."""
    here, last, digest = at, size - 1, hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest()
    if not 0 <= at < size:
        return None
    for step in path:
        beside = bytes.fromhex(step)
        if last == 0:
            return None
        if here % 2 == 1 or here == last:
            digest = hashlib.sha256(b"\x01" + beside + digest).digest()
            while here % 2 == 0 and here != 0:
                here, last = here >> 1, last >> 1
        else:
            digest = hashlib.sha256(b"\x01" + digest + beside).digest()
        here, last = here >> 1, last >> 1
    return digest.hex() if last == 0 else None


# --- The package ---


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The zip of ``files`` (name, bytes), byte by byte the same wherever it is made."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as into:
        for name, content in files:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            into.writestr(entry, content)
    return whole.getvalue()


def read(place: Path) -> dict[str, bytes]:
    """Name → bytes of all files of a package. Raises Unreadable."""
    try:
        if place.is_dir():
            files = sorted(one for one in place.rglob("*") if one.is_file() and not set(one.parts) & NOT_OURS)
            return {one.relative_to(place).as_posix(): one.read_bytes() for one in files}
        whole = place.read_bytes()
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            names = archive.namelist()
            found = {name: inside(archive, name) for name in names}
    except FileNotFoundError as error:
        raise Unreadable(f"没有这个文件或文件夹：{place}，请核对路径") from error
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise Unreadable(f"证据包打不开：文件残缺或被改动（{error}）") from error
    if len(found) != len(names) or packed([(name, found[name]) for name in names]) != whole:
        said = "压缩包的字节与其内容不符：文件被改动，或被重新压缩过（重新压缩的，请解压后核对文件夹）"
        named = list(listed_faults(found, manifest_of(found), None))
        more = f"；另有 {len(named) - NAMED} 处" if len(named) > NAMED else ""
        raise Unreadable("；".join([said, *named[:NAMED]]) + more)
    return found


def inside(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of the package. Raises Unreadable, naming it."""
    try:
        return archive.read(name)
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise Unreadable(f"压缩包里的文件 {name} 残缺或被改动") from error


def manifest_of(files: Files) -> Said:
    """The manifest. Raises Unreadable where it is missing, broken or of a newer format."""
    if MANIFEST not in files:
        raise Unreadable(f"缺少 {MANIFEST}，不是证据包或已残缺")
    try:
        said: Said = json.loads(files[MANIFEST].decode())
        kind, version, listed = said["format"], said["version"], said["files"]
        if kind != FORMAT:
            raise Unreadable("不是本系统的证据包")
        if not isinstance(version, int) or version > VERSION:
            raise Unreadable(f"证据包是更新的格式（{version}），请用随它一起的 verify.py 核对")
        {one["path"]: (one["size"], one["sha256"], one["sm3"]) for one in listed}
    except (ValueError, LookupError, TypeError) as error:
        raise Unreadable(f"{MANIFEST} 残缺或被改动（{error}）") from error
    return said


def listed_faults(files: Files, said: Said, digest: str | None) -> Iterator[str]:
    """The differences from what the manifest lists."""
    made = sha256(files[MANIFEST])
    if files.get(RECEIPT, b"").decode(errors="replace") != f"{made}  {MANIFEST}\n":
        yield f"{MANIFEST} 与 {RECEIPT} 不符：清单被改动或缺失"
    if digest and digest.lower().replace(" ", "") != made:
        yield f"清单的摘要是 {made}，与给出的不同：不是导出时的那一份"
    listed = {one["path"]: one for one in said["files"]}
    for path in sorted(listed):
        one = listed[path]
        if path not in files:
            yield f"缺少文件 {path}"
        elif (len(files[path]), sha256(files[path])) != (one["size"], one["sha256"]):
            yield f"文件 {path} 被改动"
        elif one["sm3"] and sm3(files[path]) not in (None, one["sm3"]):
            yield f"文件 {path} 的 SM3 不符"
    for path in sorted(set(files) - set(listed) - {MANIFEST, RECEIPT}):
        yield f"多出文件 {path}，导出时没有"


def keys_of(kept: Iterable[Said], remarks: list[str]) -> dict[str, str]:
    """Id → public key of the keys that vouch for each other; raises ValueError naming what is wrong."""
    known: dict[str, str] = {}
    for one in kept:
        said = json.loads(one["statement"])
        key = said["key"]
        if said["id"] != hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]:
            raise ValueError("密钥 {} 的名称与公钥不符".format(said["id"]))
        if not is_signed(one["statement"], one["own"], key):
            raise ValueError("密钥 {} 的记录不是由它自己签名".format(said["id"]))
        if said["begun"] == "rotated" and not is_signed(one["statement"], one["old"], known.get(said["previous"], "")):
            raise ValueError("密钥 {} 没有前一密钥的签名".format(said["id"]))
        if said["begun"] == "lost":
            remarks.append("密钥 {} 在原密钥遗失后启用（{}），没有原密钥的签名".format(said["id"], said["reason"]))
        known[said["id"]] = key
    return known


def head_of(files: Files, said: Said, key: str | None, remarks: list[str]) -> Said:
    """The signed head. Raises ValueError naming what is wrong."""
    kept = json.loads(files[said["seal"]].decode())
    head: Said = json.loads(kept["head"])
    known = keys_of(kept["keys"], remarks)
    if sha256(kept["head"].encode()) != kept["sha256"]:
        raise ValueError("封存的内容与摘要不符")
    if not is_signed(kept["head"], kept["signature"], known.get(head["key"], "")):
        raise ValueError("封存的签名不符")
    if key and known[head["key"]] != key.lower().replace(" ", ""):
        raise ValueError("封存不是由给出的公钥签名")
    made = datetime.fromisoformat(head["made_at"][:19]) + timedelta(hours=8)
    remarks.append("第 {} 次封存，北京时间 {}，共 {} 条记录".format(head["number"], made, head["size"]))
    remarks.append("签名公钥 {}（请与审计存档的公钥核对）".format(known[head["key"]]))
    return head


def journal_faults(files: Files, said: Said, head: Said | None) -> Iterator[str]:
    """The faults of the case's journal, and of the proofs that the seal covers it."""
    events = [json.loads(line) for line in files["journal.jsonl"].decode().splitlines()]
    proofs = {one["seq"]: one for one in json.loads(files["proofs.json"].decode())}
    last = FIRST
    for number, event in enumerate(events, 1):
        place = f"日志第 {number} 条"
        if event["stream"] != said["stream"] or event["seq"] != number:
            yield f"{place}：缺失、重复或次序被改"
        if event["prev_hash"] != last:
            yield f"{place}：与上一条不衔接"
        if event_hash(event) != event["hash"]:
            yield f"{place}：内容与其哈希不符，记录被改动"
        last = event["hash"]
        proof = proofs.pop(event["seq"], None)
        if event["seq"] in said["uncovered"]:
            continue
        if proof is None:
            yield f"{place}：缺少封存的证明"
        elif head and root_by(event["hash"], proof["at"], head["size"], proof["path"]) != head["sha256"]:
            yield f"{place}：不在封存之内，记录被改动或被换过"
    if len(events) != said["events"] or proofs:
        yield "日志的条数与清单不符"
    yield from attached_faults(files, events)
    for name, have in (("definitions", definitions_in(files)), ("calendars", calendars_in(files))):
        for digest in said[name]:
            if have.get(digest) != digest:
                yield f"{name}/{digest} 缺失，或与其摘要不符"


def attached_faults(files: Files, events: Iterable[Said]) -> Iterator[str]:
    """The differences of the attached files from what the journal says of them."""
    unnamed = {path: sha256(files[path]) for path in sorted(files) if path.startswith("files/")}
    for event in events:
        if event["kind"] != "file_attached":
            continue
        said, digest = event["data"], event["data"]["sha256"]
        path = "files/{}-{}".format(said.get("id", ""), said["name"])
        if "id" not in said:  # older journals
            path = next((one for one, have in unnamed.items() if have == digest), path)
        if path not in unnamed:
            yield "缺少附件“{}”（{}），办理记录里有".format(said["name"], path)
        elif unnamed.pop(path) != digest:
            yield f"文件 {path} 与办理记录里的摘要不符"
    for path in unnamed:
        yield f"文件 {path} 没有办理记录"


def definitions_in(files: Files) -> dict[str, str]:
    """Folder → the digest made from the files in it."""
    found: dict[str, dict[str, bytes]] = {}
    for path in files:
        parts = path.split("/", 2)
        if parts[0] == "definitions" and len(parts) == 3:
            found.setdefault(parts[1], {})[parts[2]] = files[path]
    return {digest: bundle_digest(inside) for digest, inside in found.items()}


def calendars_in(files: Files) -> dict[str, str]:
    """Name → the digest made from the content."""
    inside = {path: files[path] for path in files if path.startswith("calendars/")}
    return {path[10:-5]: sha256(canonical(json.loads(inside[path].decode())).encode()) for path in inside}


def check(place: Path, digest: str | None = None, key: str | None = None) -> tuple[Said, list[str], list[str]]:
    """The faults and remarks about a package, as texts. Raises Unreadable."""
    files = read(place)
    said = manifest_of(files)
    remarks: list[str] = []
    faults = list(listed_faults(files, said, digest))
    try:
        head = head_of(files, said, key, remarks) if said["seal"] else None
    except (ValueError, LookupError, TypeError) as error:
        head = None
        faults.append(f"封存无法核对：{error}")
    try:
        faults += journal_faults(files, said, head)
    except (ValueError, LookupError, TypeError) as error:
        faults.append(f"日志无法核对：{error}")
    if said["uncovered"]:
        first = min(said["uncovered"])
        remarks.append(f"注意：日志第 {first} 条起导出时还没有封存，只有哈希链，没有签名")
    remarks.append(f"清单摘要 {sha256(files[MANIFEST])}（请与导出时的回执核对）")
    return said, faults, remarks


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    place = Path(__file__).resolve().parent
    given: dict[str, str] = {}
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("--digest", "--key") and words:
            given[word[2:]] = words.pop(0)
        elif word.startswith("--"):
            tell("用法：python verify.py [证据包.zip 或文件夹] [--digest 清单摘要] [--key 公钥]")
            return 2
        else:
            place = Path(word)
    try:
        said, faults, remarks = check(place, given.get("digest"), given.get("key"))
    except Unreadable as error:
        tell(f"不通过：{error}")
        return 2
    tell("证据包：" + " ".join(one for one in (said["number"], said["title"]) if one))
    for line in remarks:
        tell("  " + line)
    for line in faults:
        tell("不符：" + line)
    passed = "通过：文件齐全，{}{}。".format(proven(said), "" if "digest" in given else UNPROVEN)
    tell(f"不通过：发现 {len(faults)} 处不符。" if faults else passed)
    return 1 if faults else 0


def proven(said: Said) -> str:
    """The words for what proves a package without faults."""
    if not said["uncovered"]:
        return "哈希链、签名和封存的证明都相符"
    first = min(said["uncovered"])
    before = f"第 {first} 条以前的签名和封存的证明相符，从那条起" if first > 1 else "全部记录都"
    return f"哈希链相符，{before}还没有封存"


def tell(line: str) -> None:
    """Writes a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:]))

"""An S3-compatible object store of one bucket in memory, as far as the engine's state asks for one."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape
from zlib import crc32

BUCKET = "ferry"
_WHEN = ("Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00.000Z")


@dataclass
class ObjectStore:
    """What the bucket holds, and how often it was asked what."""

    port: int = 0
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """Its address as `pulumi login` takes it."""
        endpoint = f"http://127.0.0.1:{self.port}"
        return f"s3://{BUCKET}?region=eu-central-1&endpoint={endpoint}&s3ForcePathStyle=true"

    def listing(self, prefix: str, delimiter: str) -> bytes:
        """The names below a prefix, cut at the delimiter."""
        keys = [key for key in sorted(self.objects) if key.startswith(prefix)]
        folders = {prefix + rest.partition(delimiter)[0] + delimiter for rest in _rests(keys, prefix, delimiter)}
        files = [key for key in keys if not (delimiter and delimiter in key[len(prefix) :])]
        return "".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>',
                *(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{_WHEN[1]}</LastModified>"
                    f"<ETag>{tag(self.objects[key])}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
                    for key in files
                ),
                *(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders)),
                "</ListBucketResult>",
            ]
        ).encode()


def _rests(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    return [key[len(prefix) :] for key in keys if delimiter and delimiter in key[len(prefix) :]]


def tag(data: bytes) -> str:
    """An entity tag."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def checksum(data: bytes) -> str:
    """What a client holds the body against, and would warn of if it were not there."""
    return b64encode(crc32(data).to_bytes(4)).decode()


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A store that serves until the end of the block."""
    store = ObjectStore()

    class Handler(_Handler):
        held = store

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        store.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    held: ObjectStore

    def do_GET(self) -> None:
        bucket, key, query = self._asked_for()
        if not key:
            self.held.asked["ListBucket"] += 1
            self._answer(HTTPStatus.OK, self.held.listing(query.get("prefix", ""), query.get("delimiter", "")))
            return
        self.held.asked["GetObject"] += 1
        data = self.held.objects.get(key) if bucket == BUCKET else None
        if data is None:
            self._answer(HTTPStatus.NOT_FOUND, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            document = {"Last-Modified": _WHEN[0], "ETag": tag(data), "x-amz-checksum-crc32": checksum(data)}
            self._answer(HTTPStatus.OK, data, document)

    do_HEAD = do_GET  # noqa: N815

    def do_PUT(self) -> None:
        _, key, _ = self._asked_for()
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.held.asked["PutObject"] += 1
        source = self.headers.get("x-amz-copy-source")
        if source is None:
            self.held.objects[key] = data
            self._answer(HTTPStatus.OK, headers={"ETag": tag(data)})
            return
        copied = self.held.objects[unquote(source).lstrip("/").partition("/")[2]]
        self.held.objects[key] = copied
        text = f"<ETag>{tag(copied)}</ETag><LastModified>{_WHEN[1]}</LastModified>"
        self._answer(HTTPStatus.OK, f"<CopyObjectResult>{text}</CopyObjectResult>".encode())

    def do_DELETE(self) -> None:
        self.held.asked["DeleteObject"] += 1
        self.held.objects.pop(self._asked_for()[1], None)
        self._answer(HTTPStatus.NO_CONTENT)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""

    def _asked_for(self) -> tuple[str, str, dict[str, str]]:
        """Bucket, key and query."""
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        return bucket, key, {name: values[0] for name, values in parse_qs(url.query).items()}

    def _answer(self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

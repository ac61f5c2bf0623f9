"""The Auth0 side of a sandbox as a test sees it: what it serves, what is asked of it, what it is told to do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from auth0.management.client import Auth0

from tests.tenant import Line, write

AUDIENCE = "https://acme.auth0.example/api/v2/"
CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "made-up-client",
    "client_secret": "made-up-secret",
    "audience": AUDIENCE,
}


class Auth0Side:
    """An empty tenant, until a test serves one; every request carries a token of the default scopes."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._control = httpx.Client(base_url=f"{url}/_sandbox/")
        self._control.post("reset").raise_for_status()
        self.plain = httpx.Client(base_url=f"{url}/auth0")
        self._tokens = httpx.Client()
        self.renew()

    def renew(self, **settings: object) -> None:
        """Take a new token, after a change of settings."""
        if settings:
            self.settings(**settings)
        document = self.plain.post("/oauth/token", data=CREDENTIALS).raise_for_status().json()
        self.plain.headers["authorization"] = f"Bearer {document['access_token']}"
        self.sdk = Auth0(
            base_url=f"{self.url}/auth0/api/v2",
            token=document["access_token"],
            httpx_client=self._tokens,
            max_retries=0,
        )

    def close(self) -> None:
        """Close the connections."""
        self._control.close()
        self.plain.close()
        self._tokens.close()

    def serve(self, **files: Iterable[Line | str]) -> dict[str, int]:
        """Serve a tenant of these lines; users need not be given."""
        return self.serve_folder(write(self.folder, **{"users": (), **files}))

    def serve_folder(self, folder: Path) -> dict[str, int]:
        """Serve an export folder."""
        counts: dict[str, int] = self.control("POST", "tenant", {"folder": str(folder)})
        return counts

    def settings(self, **changes: object) -> Any:
        """Change settings of the Auth0 side."""
        return self.control("POST", "auth0/settings", changes)

    def fault(self, path: str, mode: str, **more: object) -> None:
        """Arm one fault; it strikes once unless ``times`` says otherwise."""
        self.control("POST", "faults", [{"path": path, "mode": mode, **more}])

    def log(self) -> Any:
        """The request log of the Auth0 side."""
        return self.control("GET", "auth0/requests")

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask or tell the sandbox."""
        return self.ask_control(method, path, body).raise_for_status().json()

    def ask_control(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The same, refusals included."""
        return self._control.request(method, path, json=body)

    def get(self, path: str, **parameters: str | int) -> httpx.Response:
        """Ask the Management API."""
        return self.plain.get(f"/api/v2/{path}", params=parameters)

    def export(self, **asked: object) -> str:
        """Create a job and return its id."""
        answer = self.plain.post("/api/v2/jobs/users-exports", json=asked).raise_for_status()
        return str(answer.json()["id"])

    def link(self, job: str) -> str:
        """Poll a job until it is completed, at most ten times, and return its link."""
        told = (self.get(f"jobs/{job}").raise_for_status().json() for _ in range(10))
        return str(next(one["location"] for one in told if "location" in one))

    def exported(self, **asked: object) -> str:
        """The unpacked file of a new export."""
        return gzip.decompress(httpx.get(self.link(self.export(**asked))).raise_for_status().content).decode()

    def exported_lines(self, **asked: object) -> list[Line]:
        """The lines of a new export in JSON."""
        return [json.loads(line) for line in self.exported(**asked).splitlines()]

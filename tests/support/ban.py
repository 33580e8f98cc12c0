"""A small address base on this machine: it speaks the GeoJSON search, and each test may spoil what it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response


def feature(name: str = "12 Rue du Conte", **changes: Any) -> dict[str, Any]:
    """One answer, as the base writes it."""
    told = {
        "label": f"{name} 44000 Nantes", "score": 0.96, "id": "44109_1234_00012", "name": name, "postcode": "44000", "citycode": "44109",
        "city": "Nantes", "context": "44, Loire-Atlantique, Pays de la Loire", "type": "housenumber",
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [-1.55, 47.21]}
    return {"type": "Feature", "geometry": point, "properties": told | changes}


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "version": "draft", "features": list(features), "limit": 5})


@dataclass
class Ban:
    """``answers``: what is sent; ``status``, ``body``: sent instead; ``hang``: sends the headers, then nothing until it stops."""

    answers: list[Any] = field(default_factory=lambda: [feature()])
    status: int = 200
    body: str | None = None
    hang: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Ban:
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/geocodage/search"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _answer(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        assert request.path == "/geocodage/search"
        self.asked.append(request.args.to_dict())
        body = collection(*self.answers) if self.body is None else self.body
        headers = {"Location": f"{self.url}?q=ailleurs"} if self.status == 302 else {}
        sent = Response(self._slowly() if self.hang else body, self.status, headers, mimetype="application/json")
        return sent(environ, start)

    def _slowly(self) -> Iterable[bytes]:
        yield b'{"type": '
        self.over.wait(30)

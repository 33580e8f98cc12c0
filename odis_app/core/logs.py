"""Logs and measures: routes by their template, identifiers by their number; never an address, a name nor a parameter."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "odis_requests", "Answers by route template, method and status", ["route", "method", "status"], registry=REGISTRY
)
SECONDS = Histogram(
    "odis_request_seconds",
    "Seconds per answer by route template",
    ["route"],
    registry=REGISTRY,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
log = structlog.get_logger("odis.web")


def init_app(app: Flask) -> None:
    """Configure the logs of this process as JSON lines, and time each request."""
    config = app.config["ODIS"]
    level = logging.getLevelNamesMapping()[config.log_level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    app.before_request(_start)
    app.after_request(_end)


def _start() -> None:
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    route = str(request.url_rule) if request.url_rule else "inconnue"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    REQUESTS.labels(route, request.method, str(response.status_code)).inc()
    SECONDS.labels(route).observe(seconds)
    if response.status_code >= 500:
        log.error(
            "answer",
            route=route,
            method=request.method,
            status=response.status_code,
            ms=round(1000 * seconds),
            request=g.get("request_id", ""),
        )
    else:
        log.debug(
            "answer",
            route=route,
            method=request.method,
            status=response.status_code,
            ms=round(1000 * seconds),
            request=g.get("request_id", ""),
        )
    return response


def traced(error: BaseException) -> str:
    """Where an error happened, without a word of what it says: a database's error quotes the row that it refuses.

    « IntegrityError ← UniqueViolation : odis_app/x.py:12 f, odis_app/y.py:40 g », the innermost frame last.
    """
    names: list[str] = []
    current: BaseException | None = error
    while current is not None and len(names) < 5:
        names.append(type(current).__name__)
        current = current.__cause__ or current.__context__
    frames = [
        f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
    ]
    return f"{' ← '.join(names)} : {', '.join(frames[-12:])}"


def exposition() -> bytes:
    """The measures of this process, in Prometheus's text format."""
    return bytes(generate_latest(REGISTRY))

"""What happened, as numbers for Prometheus and as lines of JSON; no query text, no whole address."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from hrc_graph.engine import Engine
from hrc_graph.engine.cached import Cached
from hrc_graph.web.clients import truncated

_LOG = logging.getLogger("hrc_graph")
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_SLOW = 1.0
_LINES = 1_000
"""So many lines of the log wait for whoever reads it."""


class Metrics:
    """Counts requests; reads the state of the engine when it is asked for."""

    def __init__(self, engine: Cached[Any]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_State(engine))
        self._requests = Counter("hrc_requests", "Requests answered.", ["place", "status"], registry=self._registry)
        self._seconds = Histogram(
            "hrc_request_seconds", "From request to response.", ["place"], buckets=_SECONDS, registry=self._registry
        )

        self._counts: dict[
            tuple[str, int], tuple[Counter, Histogram]
        ] = {}  # looking labels up costs more than counting

    def answered(self, place: str, method: str, status: int, seconds: float, client: str, what: str = "") -> None:
        """Count a request; say in the log what went wrong or took long. `what` names the error."""
        if (place, status) not in self._counts:
            self._counts[place, status] = self._requests.labels(place, str(status)), self._seconds.labels(place)
        count, times = self._counts[place, status]
        count.inc()
        times.observe(seconds)
        if status >= 400 or seconds >= _SLOW:
            fields = {"place": place, "method": method, "status": status, "ms": round(seconds * 1000, 1)}
            _LOG.info("request", extra={"fields": fields | {"error": what, "client": truncated(client)}})

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self._registry)


class _State(Collector):
    """The state of the cache and the workers."""

    def __init__(self, engine: Cached[Any]) -> None:
        self._cache = engine

    def collect(self) -> Iterator[Metric]:
        """Called when the numbers are read."""
        cache, engine = self._cache, self._cache.engine
        yield InfoMetricFamily("hrc_snapshot", "What is answered from.", value={"id": cache.snapshot})
        yield CounterMetricFamily("hrc_cache_hits", "Answers that were known already.", value=cache.hits)
        yield CounterMetricFamily("hrc_cache_misses", "Answers that were worked out.", value=cache.misses)
        yield GaugeMetricFamily("hrc_cache_bytes", "Memory that known answers take.", value=cache.held)
        yield from _of_workers(engine)


def _of_workers(engine: Engine) -> Iterator[Metric]:
    pool = getattr(engine, "pool", None)
    if pool is None:
        return
    replaced = CounterMetricFamily("hrc_workers_replaced", "Workers that were ended, by reason.", labels=["reason"])
    for reason, count in sorted(engine.events.items()):  # type: ignore[attr-defined]
        replaced.add_metric([reason], count)
    yield replaced
    yield GaugeMetricFamily("hrc_workers", "Worker processes alive.", value=len(pool.processes))
    yield GaugeMetricFamily("hrc_questions_running", "Questions being answered or waiting.", value=pool.asked)
    yield GaugeMetricFamily("hrc_questions_waiting", "Questions that wait for a worker.", value=pool.waiting)


class _Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Called by logging."""
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)), "event": record.getMessage()}
        line |= {name: value for name, value in getattr(record, "fields", {}).items() if value != ""}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Stderr(logging.Handler):
    """Writes from a thread of its own: whoever reads the log too slowly loses lines and keeps no request waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: queue.Queue[str] = queue.Queue(_LINES)
        threading.Thread(target=self._write, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(self.format(record))

    def flush(self) -> None:
        """Called by logging at the end of the process."""
        until = time.monotonic() + 1
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)

    def _write(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                os.write(sys.stderr.fileno(), self._lines.get().encode() + b"\n")
            self._lines.task_done()


def log_to_stderr() -> None:
    """Write the log of this project to standard error, a JSON object a line."""
    handler = _Stderr()
    handler.setFormatter(_Lines())
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False

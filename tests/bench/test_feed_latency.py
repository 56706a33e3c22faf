"""The scenario of the change feed: another process commits, a worker of the real loop comes with the key."""

from pathlib import Path

import pytest

from bench.scenarios import feed_latency


def test_each_change_is_met_by_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_latency, "CHANGES", 3)
    values = feed_latency.once(f"sqlite:///{tmp_path / 'playground.db'}")
    assert len(values) == 3
    assert min(values) >= 0.0

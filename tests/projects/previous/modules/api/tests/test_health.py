"""The API starts and answers without a Temporal server."""

import pytest
from fastapi.testclient import TestClient

from backend.main import app


def test_answers_while_temporal_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 1 is reserved, so nothing answers there.
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with TestClient(app) as client:
        response = client.get("/health")
    assert response.status_code == 200
    health = response.json()
    assert health["status"] == "ok"
    assert health["temporal"]["state"] == "connecting"

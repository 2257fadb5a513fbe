"""What activities share, such as a database connection pool or an HTTP client.

Give `Dependencies` a field for each, and open it in `open_dependencies`:

    async with httpx.AsyncClient() as http:
        yield Dependencies(http=http)

An activity uses `self.dependencies.http`. Activities written with `def` run in threads,
so what they use must be thread-safe.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """What activities share.

    The fixture `dependencies` in `tests/workflows/conftest.py` makes them for tests.
    """


@asynccontextmanager
async def open_dependencies() -> AsyncIterator[Dependencies]:
    """Open them when a worker starts, and close them after its last activity."""
    yield Dependencies()

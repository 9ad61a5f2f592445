"""A Temporal server for the session, and an orchestrator of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.workflows.lab import Lab, dev_server, infrastructure
from workers.plugin import connect


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def address() -> AsyncIterator[str]:
    async with dev_server() as environment:
        yield environment.client.service_client.config.target_host


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(address: str) -> Client:
    return await connect(address)


@pytest_asyncio.fixture(loop_scope="session")
async def idle(client: Client, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """An orchestrator whose workers the test starts itself; `indirect` parameters give the infrastructure."""
    lab = Lab(client, tmp_path, getattr(request, "param", infrastructure()))
    yield lab
    await lab.end_all()
    lab.catalogue.close()


@pytest_asyncio.fixture(loop_scope="session")
async def lab(idle: Lab) -> AsyncIterator[Lab]:
    async with idle.workers():
        yield idle
        await idle.end_all()

"""Whether a Temporal server still answers: one that hangs looks alive where only its process is looked at."""

import asyncio
import threading
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

_NAMESPACE = "default"


class Pulse:
    """Asks a Temporal server, again and again, for something that it has to read from its database."""

    def __init__(self, address: str, within_s: float) -> None:
        """
        :param within_s: an answer is to come, and as long passes between two questions
        """
        self._address = address
        self._within_s = within_s
        self._guard = threading.Lock()
        self._unanswered: int | None = None

    def start(self) -> None:
        """Ask from now on, beside whatever else this process does."""
        threading.Thread(target=lambda: asyncio.run(self._ask_on()), name="pulse", daemon=True).start()

    def unanswered(self) -> int:
        """So many questions in a row had no answer; before the first answer of all, none counts."""
        with self._guard:
            return self._unanswered or 0

    def begin_anew(self) -> None:
        """The server was started again, and may take the time that it needs."""
        with self._guard:
            self._unanswered = None

    async def _ask_on(self) -> None:
        client = await Client.connect(self._address, namespace=_NAMESPACE, lazy=True)
        while True:
            answered = await self._asked(client)
            with self._guard:
                if answered:
                    self._unanswered = 0
                elif self._unanswered is not None:
                    self._unanswered += 1
            await asyncio.sleep(self._within_s)

    async def _asked(self, client: Client) -> bool:
        try:
            await client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=_NAMESPACE), timeout=timedelta(seconds=self._within_s)
            )
        except (RPCError, RuntimeError):  # the latter where nothing listens
            return False
        return True

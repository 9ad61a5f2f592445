"""What a command talks to: the catalogue and Temporal, as configured or as `interlace up` started them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.client import Client

from activities.tracing import wanted
from catalogue.store import Catalogue, open_catalogue
from domain.errors import InterlaceError
from lab.runtime import load
from workers.plugin import connect
from workers.settings import Settings


class UnreachableError(InterlaceError):
    """Temporal does not answer."""

    exit_code = 3


@contextmanager
def catalogue() -> Iterator[Catalogue]:
    """The catalogue of this machine or the one that INTERLACE_CATALOGUE_URL names."""
    store = open_catalogue(Settings.from_environment().catalogue_url)
    try:
        yield store
    finally:
        store.close()


def external_address() -> str | None:
    """The address of a Temporal that the user has configured, if any."""
    from temporalio.envconfig import ClientConfig

    return os.environ.get("TEMPORAL_ADDRESS") or ClientConfig.load_client_connect_config().get("target_host")


async def temporal() -> Client:
    """A client of the configured Temporal, else of the one that `interlace up` runs.

    :raises UnreachableError: if none is configured and none runs, or if it does not answer
    """
    address = external_address()
    if address is None:
        runtime = load(Settings.from_environment().home)
        if runtime is None:
            raise UnreachableError("nothing runs here: `interlace up` starts it, or set TEMPORAL_ADDRESS")
        address = runtime.address
    if wanted():
        _trace()
    try:
        return await connect(address)
    except RuntimeError as error:
        raise UnreachableError(f"Temporal at {address} does not answer: {error}") from error


def _trace() -> None:
    """What is asked of Temporal from now on is part of one span, this command's."""
    from workers.tracing import begin

    begin("interlace-cli").command(" ".join(["interlace", *sys.argv[1:2]]))

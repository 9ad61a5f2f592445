"""`interlace onboard`, `catalogue`, `schema`."""

from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli.output import Json, clock, emit_json, table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(onboard)
    app.command()(catalogue)
    app.command()(schema)


def onboard(
    file: Annotated[Path, typer.Argument(help="A service descriptor, YAML or JSON.")],
    as_json: Json = False,
) -> None:
    """Check a descriptor and add it to the catalogue. A version, once onboarded, never changes."""
    from catalogue.documents import read_descriptor
    from interfaces.cli.files import read_file
    from interfaces.cli.session import catalogue as open_store

    descriptor = read_descriptor(read_file(file), str(file))
    with open_store() as store:
        digest = store.descriptors.onboard(descriptor)
    if as_json:
        emit_json({"name": descriptor.name, "version": descriptor.version, "digest": digest})
    else:
        print(f"onboarded {descriptor.name} {descriptor.version} (sha256 {digest[:12]})")


def catalogue(as_json: Json = False) -> None:
    """List the onboarded descriptors."""
    from interfaces.cli.session import catalogue as open_store

    with open_store() as store:
        records = store.descriptors.list()
    if as_json:
        emit_json([record.model_dump(mode="json") for record in records])
        return
    rows = [(r.name, r.version, clock(r.onboarded_at), r.digest[:12]) for r in records]
    table(["descriptor", "version", "onboarded", "sha256"], rows)


def schema(
    document: Annotated[str, typer.Argument(help="service or infrastructure")] = "service",
) -> None:
    """Print the JSON Schema of a document, for editors and checkers."""
    from domain.descriptor import Descriptor
    from domain.errors import UnknownError
    from domain.infrastructure import Infrastructure
    from domain.models import Model

    models: dict[str, type[Model]] = {"service": Descriptor, "infrastructure": Infrastructure}
    if document not in models:
        raise UnknownError(f"no document {document!r}; there are {', '.join(models)}")
    emit_json(models[document].model_json_schema())

"""Onboarded descriptors: immutable once a name and version are taken."""

import json
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError

from catalogue.database import Database, now
from catalogue.names import unknown
from catalogue.tables import descriptors
from domain.descriptor import Descriptor
from domain.errors import ExistsError
from domain.records import DescriptorRecord


class Descriptors:
    """The descriptors that services are made from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def onboard(self, descriptor: Descriptor) -> str:
        """Stores it and gives its digest; the same content again changes nothing.

        The digest is that of when it was stored: fields that came since had no part in it.
        """
        digest = digest_of(descriptor)
        try:
            with self._database.write() as connection:
                if _known(connection, descriptor) is None:
                    _insert(connection, descriptor, digest)
        except IntegrityError:  # somebody onboarded it at the same moment: compare below
            pass
        with self._database.read() as connection:
            known = _known(connection, descriptor)
        if known is None or Descriptor.model_validate_json(known.document) != descriptor:
            taken = f"descriptor {descriptor.name} {descriptor.version} exists with other content"
            raise ExistsError(f"{taken} (digest {known and known.digest}); give this one a new version")
        return str(known.digest)

    def get(self, name: str, version: str | None = None) -> Descriptor:
        """That version, or the one onboarded last."""
        query = select(descriptors).where(descriptors.c.name == name).order_by(descriptors.c.serial.desc())
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            if not rows:
                raise unknown("descriptor", name, connection.scalars(select(descriptors.c.name)))
        for row in rows:
            if version in (None, row.version):
                return Descriptor.model_validate_json(row.document)
        raise unknown(f"version of descriptor {name}", str(version), (row.version for row in rows))

    def list(self) -> tuple[DescriptorRecord, ...]:
        """All of them, in the order in which they were onboarded."""
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(select(descriptors).order_by(descriptors.c.serial))))


def digest_of(descriptor: Descriptor) -> str:
    """The same for the same content, in whatever order it was written."""
    text = json.dumps(descriptor.model_dump(), sort_keys=True, default=sorted)
    return sha256(text.encode()).hexdigest()


def _known(connection: Connection, descriptor: Descriptor) -> Row[Any] | None:
    same = (descriptors.c.name == descriptor.name) & (descriptors.c.version == descriptor.version)
    return connection.execute(select(descriptors).where(same)).one_or_none()


def _insert(connection: Connection, descriptor: Descriptor, digest: str) -> None:
    values = {"name": descriptor.name, "version": descriptor.version, "digest": digest}
    document = descriptor.model_dump_json()
    connection.execute(insert(descriptors).values(**values, document=document, onboarded_at=now()))


def _record(row: Row[Any]) -> DescriptorRecord:
    return DescriptorRecord(
        name=row.name, version=row.version, digest=row.digest, onboarded_at=row.onboarded_at
    )

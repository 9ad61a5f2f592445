"""What a new infrastructure would take from services that still use it."""

from sqlalchemy import Connection, Table, select

from catalogue.tables import instance_reservations, ledger, link_reservations
from catalogue.usage import used_in_pops, used_on_links
from domain.infrastructure import Infrastructure, Pop, Resources

_ROUNDING_MBPS = 1e-6


def complaints(connection: Connection, old: Infrastructure, new: Infrastructure) -> list[str]:
    return [*_pops(connection, new), *_unswept(connection, new), *_links(connection, old, new)]


def _pops(connection: Connection, new: Infrastructure) -> list[str]:
    return [
        f"PoP {name}: {_shortage(new.pops.get(name), used)}, reserved by {_users(connection, 'pop', name)}"
        for name, used in sorted(used_in_pops(connection).items())
        if name not in new.pops or not used.fits_in(new.pops[name].capacity)
    ]


def _shortage(pop: Pop | None, used: Resources) -> str:
    wanted = describe(used)
    return f"{wanted} in use" if pop is None else f"{describe(pop.capacity)} would be less than {wanted}"


def _unswept(connection: Connection, new: Infrastructure) -> list[str]:
    """PoPs without reservations that nevertheless hold resources that somebody has to delete."""
    reserved = used_in_pops(connection)
    held = connection.execute(
        select(ledger.c.pop, ledger.c.resource_name, ledger.c.service).order_by(ledger.c.pop)
    )
    return [
        f"PoP {pop}: still holds {resource} of {service}"
        for pop, resource, service in held
        if pop not in new.pops and pop not in reserved
    ]


def _links(connection: Connection, old: Infrastructure, new: Infrastructure) -> list[str]:
    found = []
    for name, mbps in sorted(used_on_links(connection).items()):
        link = new.links.get(name)
        if link is None:
            why = f"{mbps:g} Mbit/s in use"
        elif set(link.between) != set(old.links[name].between):
            why = "it would join other PoPs"
        elif link.bandwidth + _ROUNDING_MBPS < mbps:
            why = f"{link.bandwidth:g} Mbit/s would be less than {mbps:g} Mbit/s"
        else:
            continue
        found.append(f"link {name}: {why}, reserved by {_users(connection, 'physical_link', name)}")
    return found


def _users(connection: Connection, column: str, name: str) -> str:
    table: Table = instance_reservations if column == "pop" else link_reservations
    query = select(table.c.service).where(table.c[column] == name).distinct().order_by(table.c.service)
    return ", ".join(connection.scalars(query))


def describe(resources: Resources) -> str:
    return f"{resources.vcpus} vcpus, {resources.memory} MiB memory, {resources.disk} GiB disk"

"""Where the instances of a PoP are reached, by their names."""

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.servers import Point, points_of, servers_of, tags_of


class Points:
    """The connection points of all instances of a PoP, at one moment."""

    def __init__(self, place: Place) -> None:
        servers = servers_of(place.connection, place.pop)
        # The oldest of a name counts, so it comes last.
        self._points = {each.name: points_of(each) for each in reversed(servers)}
        self._components = {each.name: tags_of(each).get("component", "") for each in servers}

    def of(self, instance: str) -> tuple[Point, ...]:
        """All of an instance.

        :raises Refusal: if it is not there
        """
        if instance not in self._points:
            raise Refusal(f"instance {instance} is not there")
        return self._points[instance]

    def at(self, instance: str, connection_point: str) -> Point:
        """One of an instance.

        :raises Refusal: if it is not there
        """
        for point in self.of(instance):
            if point.connection_point == connection_point:
                return point
        raise Refusal(f"instance {instance} has no connection point {connection_point}")

    def component(self, instance: str) -> str:
        """Which component it is an instance of."""
        return self._components[instance]

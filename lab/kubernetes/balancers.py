"""Load balancers that are not there: services of type LoadBalancer get an address, as of a cloud."""

from lab.kubernetes.api import Api, ApiError, Object

_ADDRESSES = tuple(f"203.0.113.{number}" for number in range(10, 250))
"""Of a network for documentation (RFC 5737): nothing answers there."""


class Balancers:
    """Follows the services of the cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._given: dict[str, str] = {}

    def run(self) -> None:
        """Give and take back addresses for ever."""
        for kind, services in self._api.changes("/api/v1/services"):
            if kind == "LISTED":
                self._given = {_uid(each): address for each in services if (address := _address_of(each))}
            for service in services:
                if kind == "DELETED":
                    self._given.pop(_uid(service), None)
                else:
                    self._serve(service)

    def _serve(self, service: Object) -> None:
        uid, wanted = _uid(service), service["spec"]["type"] == "LoadBalancer"
        if wanted and uid not in self._given:
            self._give(service)
        elif not wanted and uid in self._given:
            del self._given[uid]
            self._tell(service, [])

    def _give(self, service: Object) -> None:
        """The address that the service asks for, where it is free, or the first that is; else it waits."""
        free = [address for address in _ADDRESSES if address not in self._given.values()]
        asked = service["spec"].get("loadBalancerIP")
        if free:
            self._given[_uid(service)] = asked if asked in free else free[0]
            self._tell(service, [{"ip": self._given[_uid(service)]}])

    def _tell(self, service: Object, ingress: list[Object]) -> None:
        meta = service["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}/status"
        try:
            self._api.patch(path, {"status": {"loadBalancer": {"ingress": ingress}}})
        except ApiError as error:
            if error.status != 404:
                print(f"service {meta['namespace']}/{meta['name']}: {error}")


def _uid(service: Object) -> str:
    return str(service["metadata"]["uid"])


def _address_of(service: Object) -> str:
    ingress = service["status"]["loadBalancer"].get("ingress") or [{}]
    return str(ingress[0].get("ip", ""))

"""What connects a service's instances at a PoP: the NetworkPolicies of its networks."""

from collections.abc import Mapping

from adaptors.vim.kubernetes import naming, policies
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import ApiError, Refusal, Unready
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.workloads import Workloads
from domain.networking import PopNetwork


class Networks:
    """The networks of services at one PoP."""

    def __init__(self, api: Api, workloads: Workloads, pop: str) -> None:
        self._api = api
        self._workloads = workloads
        self._pop = pop

    def connect(self, name: str, part: PopNetwork) -> None:
        """Make the policies of a network just these."""
        if any(chain.hops for chain in part.chains):
            chains = ", ".join(chain.name for chain in part.chains if chain.hops)
            raise Refusal(
                f"Kubernetes cannot steer packets through functions (chains {chains}): "
                "place what is in the packets' path at a PoP of another kind"
            )
        space, components = self._here(part)
        wanted = policies.of_network(self._pop, name, part, space, components) if space else {}
        try:
            for policy in wanted.values():
                self._api.apply(policy)
        except ApiError as error:
            if error.is_terminating or error.status == 404:
                raise Unready(f"namespace {space} went away: {error}") from error
            raise
        for policy in self._of(name):
            if policy["metadata"]["name"] not in wanted:
                self._delete(policy)

    def disconnect(self, name: str) -> None:
        """Take a network's policies away; that there are none is fine."""
        for policy in self._of(name):
            self._delete(policy)

    def names(self) -> frozenset[str]:
        """Of the networks that have policies here."""
        ours = naming.selector({**naming.MANAGED, naming.POP: self._pop})
        found = map(policies.network_of, self._api.list("NetworkPolicy", labelSelector=ours))
        return frozenset(name for name in found if name is not None)

    def missing(self, name: str, part: PopNetwork) -> tuple[str, ...]:
        """What of a network does not stand as it should."""
        space, components = self._here(part)
        targets = dict.fromkeys(each.target for each in part.admissions)
        absent = [f"instance {target} is not there" for target in targets if target not in components]
        wanted = policies.of_network(self._pop, name, part, space, components) if space else {}
        found = {each["metadata"]["name"]: each for each in self._of(name)}
        return (*absent, *policies.differing(wanted, found), *self._open(space))

    def _open(self, space: str) -> tuple[str, ...]:
        """Whether all may flow that no policy speaks of."""
        if not space or self._api.get("NetworkPolicy", space, policies.CLOSED) is not None:
            return ()
        return (f"NetworkPolicy {space}/{policies.CLOSED} is missing: all that is not told flows in and out",)

    def _here(self, part: PopNetwork) -> tuple[str, Mapping[str, str]]:
        """The namespace of a network's instances, and their components; empty where none is here."""
        tags = {key: part.tags[key] for key in ("service", "tenant") if key in part.tags}
        labels = {"service": naming.SERVICE, "tenant": naming.TENANT}
        found = self._workloads.of({labels[key]: naming.label_name(value) for key, value in tags.items()})
        named = part.instances
        components: dict[str, str] = {}
        space = ""
        for workload in found:
            for member in workload.members:
                if member.name in named and tags.items() <= member.tags.items():
                    components[member.name] = member.tags["component"]
                    space = workload.namespace
        return space, components

    def _of(self, name: str) -> list[Object]:
        labels = {**naming.MANAGED, naming.POP: self._pop, naming.NETWORK: naming.label_name(name)}
        return list(self._api.list("NetworkPolicy", labelSelector=naming.selector(labels)))

    def _delete(self, policy: Object) -> None:
        meta = policy["metadata"]
        self._api.delete("NetworkPolicy", meta["namespace"], meta["name"])

"""Who may do what in a cloud, and where its services are: by keystone's own API."""

from openstack.connection import Connection
from openstack.identity.v3._proxy import Proxy

from lab.openstack.clouds import TENANT
from lab.openstack.databases import CATALOGUE
from lab.openstack.layout import Site

_INTERFACES = ("public", "internal")


def connect(site: Site, pop: int) -> Connection:
    """As the administrator of a cloud, whatever this process's environment says of clouds."""
    return Connection(
        auth_type="password",
        auth={
            "auth_url": site.url(pop, "keystone"),
            "username": "admin",
            "password": site.secrets.admin,
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        region_name=f"pop{pop}",
        identity_api_version="3",
    )


def administration(cloud: Connection) -> Proxy:
    """Its keystone, of the one version there is."""
    identity = cloud.identity
    assert isinstance(identity, Proxy)
    return identity


def make(site: Site, pop: int) -> None:
    """The services' own user, the ordinary tenant, and the catalogue. For a new cloud, once."""
    with connect(site, pop) as cloud:
        keystone = administration(cloud)
        # Neutron lets only the role `service` bind ports, which moving a server needs.
        _user(keystone, "service", site.secrets.service, ("admin", "service"))
        _user(keystone, TENANT, site.secrets.tenant, ("member",))
        for kind, api in CATALOGUE.items():
            if kind != "identity":
                _register(keystone, kind, site.url(pop, api), f"pop{pop}")


def _user(keystone: Proxy, name: str, password: str, roles: tuple[str, ...]) -> None:
    project = keystone.create_project(name=name, domain_id="default")
    user = keystone.create_user(
        name=name, password=password, domain_id="default", default_project_id=project.id
    )
    for role in roles:
        found = keystone.find_role(role) or keystone.create_role(name=role)
        keystone.assign_project_role_to_user(project, user, found)


def _register(keystone: Proxy, kind: str, url: str, region: str) -> None:
    service = keystone.create_service(type=kind, name=kind)
    for interface in _INTERFACES:
        keystone.create_endpoint(service_id=service.id, interface=interface, url=url, region_id=region)

"""What a server is told when it starts: a cloud-config that writes its config, environment and secrets."""

import base64
import json
import shlex
from collections.abc import Mapping

from adaptors.vim.openstack.calls import Refusal
from domain.instances import InstanceSpec

_DIRECTORY = "/etc/interlace"
_LARGEST = 65535
"""Of what Nova takes, in base64."""


def user_data(spec: InstanceSpec, secrets: Mapping[str, str]) -> str:
    """In base64.

    :param secrets: environment variable -> value
    :raises Refusal: where it is more than Nova takes
    """
    environment = {**spec.environment, **secrets}
    lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in environment.items())
    files = [
        _file("config.json", json.dumps(spec.config), "0644"),
        _file("instance.json", json.dumps({"name": spec.name, "pop": spec.pop, **spec.tags}), "0644"),
        _file("environment", lines, "0600"),
    ]
    text = "#cloud-config\n" + json.dumps({"write_files": files})
    coded = base64.b64encode(text.encode()).decode()
    if len(coded) > _LARGEST:
        raise Refusal(
            f"config, environment and secrets are {len(coded)} characters of user data; Nova takes {_LARGEST}"
        )
    return coded


def _file(name: str, content: str, permissions: str) -> dict[str, str]:
    return {"path": f"{_DIRECTORY}/{name}", "content": content, "permissions": permissions}

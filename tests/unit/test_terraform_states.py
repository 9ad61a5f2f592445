"""States, messages, plans and roots of Terraform, without Terraform."""

import json
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.terraform import credentials, module, root, states
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.drifting import configured
from adaptors.vim.terraform.instances import differences, view
from adaptors.vim.terraform.messages import Log
from adaptors.vim.terraform.settings import Backend, settings_of
from adaptors.vim.terraform.workspaces import Workspace
from domain.descriptor import ComponentKind
from domain.errors import InputError, VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, PopAccess

_CALL = Call("berlin", "create", "instance web-1", "lab")
_NAMES = {"pop": "berlin", "service": "shop", "component": "web"}


def _spec(name: str = "web-1", **more: Any) -> InstanceSpec:
    tags = {key: key for key in ("service", "component", "instance", "operation", "tenant")}
    given = {"resources": Resources.of(1, 128, 1), "kind": ComponentKind.VNF, "tags": tags, **more}
    return InstanceSpec.model_validate({"name": name, "pop": "berlin", "image": "nginx", **given})


def _state(*specs: InstanceSpec, **outputs: dict[str, str]) -> str:
    records = [
        {"index_key": spec.name, "attributes": {"input": {"value": spec.model_dump_json(), "type": "string"}}}
        for spec in specs
    ]
    servers = [{"index_key": name, "attributes": {"id": "1"}} for name in outputs]
    record = {"mode": "managed", "type": "terraform_data", "name": "record", "instances": records}
    server = {"module": "module.pop", "mode": "managed", "type": "x", "name": "y", "instances": servers}
    data = {"mode": "data", "type": "z", "name": "z", "instances": [{}]}
    said = {"module": {"value": {"instances": outputs}}}
    return json.dumps({"version": 4, "outputs": said, "resources": [record, server, data]})


def test_a_state_tells_what_there_is_and_what_it_was_made_from() -> None:
    spec = _spec(config={"workers": 2})
    state = states.parse(_state(spec, **{"web-1": {"address": "10.0.0.1"}, "web-2": {}}))
    assert state.specs == {"web-1": spec}
    assert state.of("web-1") == ('module.pop.x.y["web-1"]',)
    assert (state.has("web-2"), state.complete("web-1"), state.complete("web-2")) == (True, True, False)


@pytest.mark.parametrize("text", ["", "{", '{"version": 4, "resour'])
def test_a_torn_state_is_no_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "terraform.tfstate").write_text(text)
    with pytest.raises(states.BrokenStateError):
        states.read(tmp_path / "terraform.tfstate")
    assert states.read(tmp_path / "none") == states.State()


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ({"address": "10.0.0.1"}, InstanceStatus.RUNNING),
        ({"address": "10.0.0.1", "status": "ACTIVE"}, InstanceStatus.RUNNING),
        ({"address": "10.0.0.1", "status": "running"}, InstanceStatus.RUNNING),
        ({"address": "10.0.0.1", "status": "FAILED"}, InstanceStatus.ERROR),
        ({"address": "10.0.0.1", "status": "stopped"}, InstanceStatus.ERROR),
        ({"address": ""}, InstanceStatus.ERROR),
    ],
)
def test_an_instance_runs_if_it_has_an_address_and_no_bad_status(
    tmp_path: Path, output: dict[str, str], status: InstanceStatus
) -> None:
    place = Workspace(tmp_path, "shop", "web")
    seen = view(place, states.parse(_state(_spec(), **{"web-1": output})))
    assert seen.status("web-1") is status
    assert (seen.ailment("web-1") is None) is (status is InstanceStatus.RUNNING)


def test_what_is_marked_to_go_is_being_deleted(tmp_path: Path) -> None:
    place = Workspace(tmp_path, "shop", "web")
    place.remove("web-1")
    seen = view(place, states.parse(_state(_spec(), **{"web-1": {"address": "10.0.0.1"}})))
    assert seen.status("web-1") is InstanceStatus.DELETING
    assert seen.ailment("web-2") == "it is not there"


def test_to_name_the_address_that_was_given_is_no_difference() -> None:
    spec = _spec(connection_points=("http",))
    named = spec.model_copy(update={"addresses": {"http": "10.0.0.1"}})
    assert differences(spec, named, "10.0.0.1") == []
    assert differences(spec, named, "10.0.0.2") == ["addresses"]
    assert differences(spec, _spec(config={"a": 1}, image="other"), "") == [
        "config",
        "connection_points",
        "image",
    ]


def test_messages_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    log = Log(path, tmp_path)
    assert log.more() == []
    resource = {"resource": {"addr": 'module.pop.x.y["web-1"]'}, "action": "create", "id_value": "7"}
    place = {"filename": "../m/main.tf", "start": {"line": 3, "column": 1}}
    error = {"severity": "error", "summary": "Quota.", "detail": "too\n many", "address": "a", "range": place}
    first = json.dumps({"@message": "done", "type": "apply_complete", "hook": resource})
    second = json.dumps({"@message": "Error", "type": "diagnostic", "diagnostic": error})
    path.write_text(f"no JSON\n{first}\n{second[:20]}")
    (made,) = log.more()
    assert (made.kind, made.action, made.identity) == ("apply_complete", "create", "7")
    path.write_text(f"no JSON\n{first}\n{second}\n")
    (failed,) = log.more()
    assert failed.trouble is not None and failed.trouble.address == "a"
    assert failed.trouble.words == f"Quota: too many (at {tmp_path.parent / 'm/main.tf'}, line 3)"
    assert [each.words for each in log.troubles()] == [failed.trouble.words]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Quota exceeded for cores", VimRefusedError),
        ("No valid host was found", VimRefusedError),
        ("UnauthorizedOperation: not allowed", VimRefusedError),
        ("503 Service Unavailable", VimUnavailableError),
        ("dial tcp: connection refused", VimUnavailableError),
        ("Plugin did not respond", VimUnavailableError),
        ("something that nobody has seen", VimUnavailableError),
        ("429 Too Many Requests: request limit exceeded", VimUnavailableError),
    ],
)
def test_a_providers_words_tell_whether_to_try_again(words: str, kind: type[Exception]) -> None:
    error = _CALL.failed(words)
    assert isinstance(error, kind)
    assert str(error).startswith(f"PoP berlin: create instance web-1: {words}")


def test_an_error_of_the_credential_names_it() -> None:
    assert str(_CALL.failed("403 Forbidden")).endswith("(credential lab)")


def test_only_arguments_that_the_configuration_gives_can_drift() -> None:
    inner = {"resources": [{"type": "x", "name": "y", "expressions": {"config": {}, "image": {}}}]}
    pop = {"module": {"module_calls": {"deep": {"module": inner}}}}
    said = {"root_module": {"module_calls": {"pop": pop}}}
    assert configured(said, 'module.pop.module.deep["a.b]"].x.y["web-1"]') == {"config", "image"}
    assert configured(said, "module.pop.x.other") == frozenset()


def test_a_root_fills_the_backend_and_passes_only_what_the_module_declares(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text(
        'variable "instances" {}\nvariable "service" {}\nvariable "key" {}\n'
    )
    (tmp_path / "m" / "more.tf.json").write_text('{"output": {"instances": {}}, "variable": {"size": {}}}')
    found = module.read(tmp_path / "m", _CALL)
    assert found.variables == {"instances", "service", "key", "size"}
    assert found.outputs == {"instances"}
    backend = Backend(type="s3", config={"key": "i/{pop}/{service}/{component}", "deep": [{"a": "{pop}"}]})
    made = root.generate(
        tmp_path / "w", found, _NAMES, backend, frozenset({"size", "key"}), frozenset({"key"})
    )
    assert made["terraform"]["backend"] == {"s3": {"key": "i/berlin/shop/web", "deep": [{"a": "berlin"}]}}
    assert made["module"]["pop"] == {
        "source": "../m",
        "service": "shop",
        "instances": "${var.instances}",
        "size": "${var.size}",
        "key": "${var.key}",
    }
    assert made["variable"]["key"] == {"type": "string", "sensitive": True}
    assert root.state_file(tmp_path, _NAMES, backend) is None
    assert root.state_file(tmp_path, _NAMES, None) == tmp_path / "terraform.tfstate"


@pytest.mark.parametrize("said", ["s p=1", "just words", "=x"])
def test_a_credential_of_other_lines_is_refused_without_showing_them(tmp_path: Path, said: str) -> None:
    (tmp_path / "credentials").mkdir()
    path = tmp_path / "credentials" / "lab.env"
    path.write_text(f"# a comment\nexport A='b c'\n\nC=d=e\n{said}\n")
    with pytest.raises(VimRefusedError, match="credential lab: line 5") as caught:
        credentials.read(tmp_path, _CALL)
    assert said not in str(caught.value)
    path.write_text("# a comment\nexport A='b c'\n\nC=d=e\n")
    assert credentials.read(tmp_path, _CALL) == {"A": "b c", "C": "d=e"}


def test_variables_that_interlace_gives_cannot_be_set() -> None:
    settings = {"module": "m", "variables": {"instances": {}}}
    access = PopAccess(name="berlin", capacity=Resources.of(1, 1, 1), settings=settings)
    with pytest.raises(InputError, match=r"variables: .*instances: Interlace itself gives"):
        settings_of(access)

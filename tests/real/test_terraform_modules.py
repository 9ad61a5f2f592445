"""Modules, credentials and settings that are wrong: each is told in one message, and nothing is made."""

from pathlib import Path

import pytest

from domain.errors import InputError, VimRefusedError
from tests.contract.terraform_site import SECRET, TerraformSite
from tests.real.terraform_world import NAME, quiet, spec

pytestmark = pytest.mark.real


@pytest.fixture
def site(tmp_path: Path) -> TerraformSite:
    return TerraformSite(tmp_path)


def _refused(site: TerraformSite, module: Path, credential: str | None = None) -> str:
    with pytest.raises(VimRefusedError) as caught:
        site.terraform(credential, module=str(module)).create(spec(), quiet)
    assert site.cloud.servers() == ()
    return str(caught.value)


def test_a_syntax_error_is_told_with_file_and_line(site: TerraformSite) -> None:
    module = site.module()
    with (module / "main.tf").open("a") as file:
        file.write("\nlocals { x = }\n")
    words = _refused(site, module)
    line = len((module / "main.tf").read_text().splitlines())
    assert f"PoP berlin: create instance {NAME}" in words
    assert "Invalid expression" in words and f"main.tf line {line}" in words


def test_a_reference_to_nothing_is_told_with_file_and_line(site: TerraformSite) -> None:
    module = site.module()
    text = (module / "main.tf").read_text().replace("each.value.image", "each.value.imagge")
    (module / "main.tf").write_text(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "imagge" in each)
    words = _refused(site, module)
    assert "Unsupported attribute" in words and "imagge" in words
    assert f"{module / 'main.tf'}, line {line}" in words


@pytest.mark.parametrize("what", ["variable", "output"])
def test_a_module_without_a_part_of_the_contract_is_refused(site: TerraformSite, what: str) -> None:
    module = site.module()
    text = (module / "main.tf").read_text().replace(f'{what} "instances"', f'{what} "servers"')
    (module / "main.tf").write_text(text)
    assert f'{module} must declare {what} "instances"' in _refused(site, module)


def test_a_directory_that_is_no_module_is_refused(site: TerraformSite) -> None:
    assert "is no directory" in _refused(site, site.home / "nowhere")
    (site.home / "empty").mkdir()
    assert "has no *.tf file" in _refused(site, site.home / "empty")


def test_a_variable_that_the_module_does_not_know_is_refused_and_those_it_knows_are_told(
    site: TerraformSite,
) -> None:
    vim = site.terraform(variables={"directory": "/x", "regoin": "eu"})
    with pytest.raises(VimRefusedError, match=r"no variable regoin \(it declares .*directory"):
        vim.create(spec(), quiet)


def test_a_variable_that_is_missing_is_told(site: TerraformSite) -> None:
    with pytest.raises(VimRefusedError, match='"directory" is required'):
        site.terraform(variables={}).create(spec(), quiet)


def test_a_module_that_takes_no_secrets_is_given_none(site: TerraformSite) -> None:
    module = site.module()
    text = (module / "main.tf").read_text().replace('variable "secrets"', 'variable "others"')
    (module / "main.tf").write_text(text.replace("var.secrets", "var.others"))
    with pytest.raises(VimRefusedError, match='must declare variable "secrets"'):
        site.terraform(module=str(module)).create(spec(secrets={"PASSWORD": "shop-password"}), quiet)
    site.terraform(module=str(module)).create(spec(), quiet)
    assert len(site.cloud.servers()) == 1


def test_an_output_without_an_address_is_told(site: TerraformSite) -> None:
    module = site.module()
    text = (module / "main.tf").read_text().replace("address = server.address", "ip = server.address")
    (module / "main.tf").write_text(text)
    vim = site.terraform(module=str(module))
    with pytest.raises(VimRefusedError, match=f"no address of {NAME}"):
        vim.create(spec(), quiet)
    vim.delete(NAME, quiet)
    assert site.cloud.servers() == ()


def test_every_setting_that_is_wrong_is_told_at_once(site: TerraformSite) -> None:
    with pytest.raises(InputError) as caught:
        site.terraform(module=None, timeout="soon", colour="red", backend={"type": "s3", "config": {}})
    words = str(caught.value)
    assert all(field in words for field in ("module", "timeout", "colour", "backend", "{component}"))


def test_a_credential_that_is_not_there_is_named(site: TerraformSite) -> None:
    words = _refused(site, site.module(), credential="lab")
    assert "credential lab:" in words and "credentials/lab.env" in words and "NAME=value" in words


def test_a_wrong_password_is_refused_by_the_credentials_name_and_never_shown(site: TerraformSite) -> None:
    (site.cloud.directory / "password").write_text("sesame-open")
    (site.home / "credentials").mkdir()
    credential = site.home / "credentials" / "lab.env"
    credential.write_text("# of the lab\nexport TF_VAR_password='sesame-shut'\n")
    module = site.module()
    words = _refused(site, module, credential="lab")
    assert "401 Unauthorized" in words and "credential lab" in words and "sesame" not in words
    credential.write_text("TF_VAR_password=sesame-open\n")
    site.terraform("lab", module=str(module)).create(spec(), quiet)
    credential.write_text("sesame-open")
    with pytest.raises(VimRefusedError, match="line 1 of its file is no NAME=value") as caught:
        site.terraform("lab", module=str(module)).create(spec(), quiet)
    assert "sesame" not in str(caught.value)


def test_secrets_reach_the_instance_and_no_file_but_the_state(site: TerraformSite) -> None:
    heard: list[str] = []
    vim = site.open()
    vim.create(spec(secrets={"PASSWORD": "shop-password"}), heard.append)
    (server,) = site.cloud.servers()
    assert server["environment"] == {"PASSWORD": SECRET}
    holding = {path.name for path in site.directory.rglob("*") if path.is_file() and SECRET in _text(path)}
    assert holding <= {"terraform.tfstate", "terraform.tfstate.backup"}
    assert not any(SECRET in words for words in heard)
    assert SECRET not in repr(vim.read(NAME))
    state = site.directory / "terraform.tfstate"
    assert (state.stat().st_mode & 0o077, site.directory.stat().st_mode & 0o077) == (0, 0)
    vim.delete(NAME, quiet)
    assert not site.directory.exists()


def test_a_secret_that_is_nowhere_is_refused_before_anything_is_begun(site: TerraformSite) -> None:
    with pytest.raises(VimRefusedError, match="secret no-such"):
        site.open().create(spec(secrets={"PASSWORD": "no-such"}), quiet)
    assert not site.directory.exists()


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")

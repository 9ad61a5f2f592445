"""The Kubernetes adaptor where a real cluster refuses, fails, or is away."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.connection import Object, Request
from adaptors.vim.port import Vim
from domain.errors import InterlaceError, VimRefusedError, VimUnavailableError
from domain.instances import InstanceStatus
from lab.faults.rules import Fault
from tests.contract.kubernetes_site import SECRET, KubernetesSite
from tests.real.kubernetes_cluster import behind_proxy, kubeconfig, quiet, site, spec

__all__ = ["kubeconfig", "site"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@contextmanager
def refusing_webhook(site: KubernetesSite, resource: str) -> Iterator[None]:
    """The lab's webhook refuses what is made in the PoP's namespaces."""
    connection, path = (
        site.api.connection,
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    )
    known = connection.request(Request("GET", f"{path}/lab"))["webhooks"]
    (refuses,) = [each for each in known if each["name"].startswith("refuse.")]
    rule = {**refuses["rules"][0], "operations": ["CREATE"], "resources": [resource]}
    mine = {
        "namespaceSelector": {"matchLabels": {naming.POP: site.realm}},
        "objectSelector": {},
        "rules": [rule],
    }
    body = {"metadata": {"name": site.realm}, "webhooks": [{**refuses, **mine}]}
    connection.request(Request("POST", path, body=body))
    try:
        time.sleep(1.0)  # until the API server knows of it
        yield
    finally:
        connection.request(Request("DELETE", f"{path}/{site.realm}"))


def refusal(vim: Vim, **wanted: object) -> str:
    with pytest.raises(VimRefusedError) as caught:
        vim.create(spec(**wanted), quiet)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("context", ["lab-wrong", "lab-expired"])
def test_a_credential_that_is_not_accepted_is_named_and_not_tried_again(
    kubeconfig: Path, tmp_path: Path, context: str
) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open(credential=context)
        with pytest.raises(VimRefusedError, match=f"berlin.*not accepted.*{context}"):
            vim.capacity()
        assert proxy.count() == 1
        with pytest.raises(VimRefusedError, match=context):
            vim.create(spec(), quiet)


def test_a_context_that_is_nowhere_is_refused(site: KubernetesSite) -> None:
    with pytest.raises(VimRefusedError, match=r"kubeconfig.*no-such.*credential 'no-such'"):
        site.open(credential="no-such").capacity()


def test_a_credential_without_rights_is_told_what_it_may_not(site: KubernetesSite) -> None:
    words = refusal(site.open(credential="lab-tenant"))
    assert "cannot list resource" in words and "'lab-tenant'" in words


def test_an_image_that_is_not_there_is_refused_with_its_registrys_words_and_nothing_stays(
    site: KubernetesSite,
) -> None:
    words = refusal(site.open(), image="missing:1")
    assert "missing:1" in words and "not found" in words
    assert site.open().list({}) == ()
    assert site.leftovers() == []


def test_what_no_node_has_room_for_is_refused_in_the_schedulers_words(site: KubernetesSite) -> None:
    words = refusal(site.open(), vcpus=9)
    assert "Insufficient cpu" in words and "9 vcpus" in words
    assert site.leftovers() == []


@pytest.mark.parametrize(
    ("image", "words"), [("crash:1", r"Error \(exit code 1\)"), ("oom:1", r"OOMKilled \(exit code 137\)")]
)
def test_what_crashes_is_told_and_stays_to_be_looked_at(site: KubernetesSite, image: str, words: str) -> None:
    vim = site.open()
    with pytest.raises(VimUnavailableError, match=words):
        vim.create(spec(image=image), quiet)
    found = vim.read("shop-web-1")
    assert found is not None
    site.eventually(lambda: re.search(words, vim.ailment("shop-web-1") or ""))
    vim.delete("shop-web-1", quiet)
    assert site.leftovers() == []


def test_a_quota_that_ends_in_the_middle_of_six_creates_leaves_just_those_that_fit(
    site: KubernetesSite,
) -> None:
    site.add_quota(requests_cpu="3")
    vim = site.open()

    def create(number: int) -> str:
        try:
            return vim.create(spec(f"shop-web-{number}"), quiet).name
        except VimRefusedError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        came = list(pool.map(create, range(6)))
    refused = [words for words in came if "exceeded quota" in words]
    assert len(refused) == 3
    assert all("berlin" in words and "requests.cpu" in words for words in refused)
    running = vim.list({})
    assert sorted(each.name for each in running) == sorted(set(came) - set(refused))
    assert {each.status for each in running} == {InstanceStatus.RUNNING}
    assert vim.capacity()[1].vcpus == 3
    for each in running:
        vim.delete(each.name, quiet)
    assert vim.list({}) == ()


def test_an_error_of_the_server_is_an_outage_and_the_next_try_goes_through(
    kubeconfig: Path, tmp_path: Path
) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        proxy.add(Fault(method="PATCH", path="/deployments/", status=500, body="etcd is on fire", times=1))
        with pytest.raises(VimUnavailableError, match=r"berlin.*shop-web-1.*500"):
            vim.create(spec(), quiet)
        assert vim.create(spec(), quiet).status is InstanceStatus.RUNNING
        assert len(vim.list({})) == 1


def test_who_is_asked_to_come_later_says_when(kubeconfig: Path, tmp_path: Path) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        proxy.add(Fault(status=429, headers={"Retry-After": "7"}, times=1))
        with pytest.raises(VimUnavailableError) as caught:
            site.open().capacity()
        assert caught.value.retry_after_s == 7.0


def test_a_cluster_that_hangs_is_given_up_after_the_timeout_and_a_cancel_at_once(
    kubeconfig: Path, tmp_path: Path
) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: str) -> None:
        if time.monotonic() - started > 0.3:
            raise Cancelled

    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open(timeout="2 s")
        proxy.add(Fault(delay_s=30.0))
        started = time.monotonic()
        with pytest.raises(VimUnavailableError, match="does not answer"):
            vim.create(spec(), quiet)
        assert time.monotonic() - started < 6.0
        started = time.monotonic()
        with pytest.raises(Cancelled):
            vim.create(spec(), cancel)
        assert time.monotonic() - started < 0.8


def test_a_cluster_that_is_away_is_an_outage(kubeconfig: Path, tmp_path: Path) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        proxy.add(Fault(drop=True))
        for call in (vim.capacity, lambda: vim.list({}), lambda: vim.delete("shop-web-1", quiet)):
            with pytest.raises(VimUnavailableError, match="berlin"):
                call()


WRITES = [
    ("POST", r"/namespaces\?"),
    ("PATCH", "/networkpolicies/closed"),
    ("PATCH", "/services/"),
    ("PATCH", "/configmaps/"),
    ("PATCH", "/secrets/"),
    ("PATCH", r"/deployments/.*fieldManager=interlace$"),
    ("PATCH", r"/deployments/.*interlace-members"),
    ("PATCH", "/poddisruptionbudgets/"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_whatever_answer_of_a_create_is_lost_the_next_one_finds_what_was_made(
    kubeconfig: Path, tmp_path: Path, method: str, path: str
) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        proxy.add(Fault(method=method, path=path, lose_answer=True, times=1))
        with pytest.raises(VimUnavailableError, match=r"berlin.*shop-web-1"):
            vim.create(spec(), quiet)
        made = vim.create(spec(), quiet)
        assert [each.external_id for each in vim.list({})] == [made.external_id]
        assert len(list(site.api.list("Deployment", site.namespace()))) == 1
        vim.delete("shop-web-1", quiet)
        assert site.leftovers() == []


def test_an_undo_of_a_create_that_failed_early_leaves_nothing(kubeconfig: Path, tmp_path: Path) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        proxy.add(Fault(method="PATCH", path="/configmaps/", status=503, times=1))
        with pytest.raises(VimUnavailableError):
            vim.create(spec(), quiet)
        assert site.leftovers() == [site.namespace()]
        vim.delete("shop-web-1", quiet)
        assert site.leftovers() == []


@pytest.mark.parametrize("path", ["/deployments/", "/namespaces/[^/]*$"])
def test_a_delete_whose_answer_was_lost_is_done_by_the_next(
    kubeconfig: Path, tmp_path: Path, path: str
) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        vim.create(spec(), quiet)
        proxy.add(Fault(method="DELETE", path=path, lose_answer=True, times=1))
        with pytest.raises(VimUnavailableError):
            vim.delete("shop-web-1", quiet)
        vim.delete("shop-web-1", quiet)
        assert vim.read("shop-web-1") is None
        assert site.leftovers() == []


def test_what_is_deleted_by_hand_is_missed_and_made_again(site: KubernetesSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    site.delete_by_hand("shop-web-1")
    assert vim.read("shop-web-1") is None
    assert vim.ailment("shop-web-1") == "it is not there"
    assert vim.create(spec(), quiet).status is InstanceStatus.RUNNING
    site.api.delete("Service", site.namespace(), "web")
    assert "Service" in (vim.ailment("shop-web-1") or "")
    vim.create(spec(), quiet)
    assert vim.ailment("shop-web-1") is None


def test_a_namespace_deleted_by_hand_is_waited_for_and_made_again(site: KubernetesSite) -> None:
    vim = site.open()
    first = vim.create(spec(), quiet)
    site.api.delete("Namespace", "", site.namespace())
    told: list[str] = []
    second = vim.create(spec(), told.append)
    assert second.status is InstanceStatus.RUNNING
    assert second.external_id != first.external_id
    assert any("namespace" in words and "being deleted" in words for words in told)


def test_a_namespace_that_does_not_go_is_told_with_what_holds_it(site: KubernetesSite) -> None:
    site.open().create(spec(), quiet)
    space, finalizers = site.namespace(), ["example.com/held"]
    stuck: Object = {"name": "stuck", "namespace": space, "finalizers": finalizers}
    site.api.create({"kind": "ConfigMap", "metadata": stuck})
    site.api.delete("Namespace", "", space)
    try:
        with pytest.raises(VimUnavailableError, match=rf"{space} is being deleted.*example\.com/held"):
            site.open(ready_timeout="12 s").create(spec(), quiet)
    finally:
        site.api.merge("ConfigMap", space, "stuck", {"metadata": {"finalizers": None}})
    assert site.open().create(spec(), quiet).status is InstanceStatus.RUNNING


def test_a_field_that_another_manager_took_is_refused_naming_it(site: KubernetesSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    meta = site.pod("shop-web-1")["metadata"]
    workload = meta["labels"][naming.WORKLOAD]
    image = {"name": "main", "image": "nginx:edited"}
    body = {"spec": {"template": {"spec": {"containers": [image]}}}}
    path = f"{site.api.path('Deployment', site.namespace(), workload)}"
    editor, media = {"fieldManager": "kubectl-edit"}, "application/strategic-merge-patch+json"
    site.api.connection.request(Request("PATCH", path, editor, body, media))
    words = refusal(vim)
    assert "kubectl-edit" in words and ".image" in words
    assert vim.read("shop-web-1") is not None


def test_a_field_that_cannot_be_changed_is_refused_naming_it(site: KubernetesSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    (secret,) = [each for each in site.api.list("Secret", site.namespace()) if each["type"] == "Opaque"]
    site.api.merge("Secret", site.namespace(), secret["metadata"]["name"], {"immutable": True})
    (site.home / "secrets" / "shop-password").write_text("another")
    assert "data: Forbidden: field is immutable" in refusal(vim)
    assert vim.ailment("shop-web-1") is None


@pytest.mark.parametrize("resource", ["deployments", "pods"])
def test_a_webhook_that_refuses_is_heard(site: KubernetesSite, resource: str) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    with refusing_webhook(site, resource):
        words = refusal(vim, name="shop-web-2", vcpus=2)
        assert "the lab's webhook refuses" in words
    assert [each.name for each in vim.list({})] == ["shop-web-1"]


def test_a_namespace_that_holds_something_of_others_stays(site: KubernetesSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    theirs = {"kind": "ConfigMap", "metadata": {"name": "theirs", "namespace": site.namespace()}}
    site.api.create(theirs)
    told: list[str] = []
    vim.delete("shop-web-1", told.append)
    assert any("stays" in words and "ConfigMap theirs" in words for words in told)
    assert site.leftovers() == [site.namespace()]
    assert site.api.get("ConfigMap", site.namespace(), "theirs") is not None
    assert list(site.api.list("Service", site.namespace())) == []


def test_a_namespace_of_somebody_else_is_not_touched(site: KubernetesSite) -> None:
    site.api.create({"kind": "Namespace", "metadata": {"name": site.namespace()}})
    try:
        assert "kubectl label namespace" in refusal(site.open())
    finally:
        site.api.delete("Namespace", "", site.namespace())


def test_a_secret_that_is_nowhere_is_refused_and_one_that_is_known_is_never_told(
    site: KubernetesSite,
) -> None:
    vim = site.open()
    (site.home / "secrets" / "shop-password").unlink()
    assert "shop-password" in refusal(vim)
    (site.home / "secrets" / "shop-password").write_text(SECRET)
    vim.create(spec(), quiet)
    for kind in ("Deployment", "ConfigMap", "Pod"):
        assert all(SECRET not in str(each) for each in site.api.list(kind, site.namespace()))


def test_only_known_errors_leave_the_adaptor(kubeconfig: Path, tmp_path: Path) -> None:
    """Whatever the server answers, however often."""
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open(timeout="1 s", ready_timeout="3 s")
        for fault in (
            Fault(status=200, body="this is no JSON"),
            Fault(status=200, body="[]"),
            Fault(status=418, body="{}"),
            Fault(status=409, body='{"message": "conflict"}'),
            Fault(status=403, body="<html>a proxy says no</html>"),
        ):
            remove = proxy.add(fault)
            with pytest.raises(InterlaceError, match="berlin"):
                vim.create(spec(), quiet)
            remove()

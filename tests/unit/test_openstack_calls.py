"""OpenStack's errors in our words: what is for good, what may pass, and whose credential it was."""

import json

import pytest
from keystoneauth1 import exceptions as auth
from openstack import exceptions as sdk
from requests import Response

from adaptors.vim.openstack.calls import Call, Refusal, Unready, answering
from domain.errors import InputError, VimRefusedError, VimUnavailableError

CALL = Call("berlin", "create", "instance web-1", "my-cloud")


def answer(status: int, body: object, **headers: str) -> sdk.HttpException:
    response = Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    response.headers.update({"content-type": "application/json", **headers})
    with pytest.raises(sdk.HttpException) as caught:
        sdk.raise_from_response(response)
    return caught.value


def neutron(status: int, kind: str, words: str) -> sdk.HttpException:
    return answer(status, {"NeutronError": {"type": kind, "message": words, "detail": ""}})


def told(error: Exception) -> Exception:
    with pytest.raises((VimRefusedError, VimUnavailableError)) as caught, answering(CALL):
        raise error
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        answer(403, {"forbidden": {"code": 403, "message": "Quota exceeded for cores: 5 of 4"}}),
        answer(400, {"badRequest": {"code": 400, "message": "Quota exceeded for cores: 5 of 4"}}),
        neutron(409, "OverQuota", "Quota exceeded for cores: 5 of 4"),
        Refusal("Quota exceeded for cores: 5 of 4"),
        InputError("Quota exceeded for cores: 5 of 4"),
    ],
)
def test_what_does_not_pass_is_refused_in_openstacks_words(error: Exception) -> None:
    words = (
        "PoP berlin: create of instance web-1 was refused; OpenStack says: Quota exceeded for cores: 5 of 4"
    )
    assert type(told(error)) is VimRefusedError
    assert str(told(error)) == words


@pytest.mark.parametrize(
    "error",
    [
        answer(500, {"computeFault": {"code": 500, "message": "trouble"}}),
        answer(503, {"message": "trouble"}),
        answer(409, {"conflictingRequest": {"code": 409, "message": "trouble"}}),
        neutron(409, "NetworkInUse", "trouble"),
        answer(404, {"itemNotFound": {"code": 404, "message": "trouble"}}),
        auth.ConnectFailure("trouble"),
        auth.ConnectTimeout("trouble"),
        auth.DiscoveryFailure("trouble"),
        auth.ServiceUnavailable("trouble"),
        Unready("trouble"),
    ],
)
def test_what_may_pass_may_be_tried_again(error: Exception) -> None:
    assert type(told(error)) is VimUnavailableError
    assert "PoP berlin: create of instance web-1 failed; OpenStack" in str(told(error))
    assert "trouble" in str(told(error))


@pytest.mark.parametrize(
    "error",
    [
        auth.Unauthorized("The request you have made requires authentication."),
        answer(401, {"error": {"message": "The request you have made requires authentication."}}),
        answer(403, {"forbidden": {"code": 403, "message": "Policy doesn't allow it"}}),
        auth.EndpointNotFound("no compute"),
    ],
)
def test_a_credential_that_may_not_is_named(error: Exception) -> None:
    assert type(told(error)) is VimRefusedError
    assert "credential 'my-cloud'" in str(told(error))


@pytest.mark.parametrize(("said", "seconds"), [("7", 7.0), ("soon", None), (None, None)])
def test_overload_says_when_to_come_again(said: str | None, seconds: float | None) -> None:
    headers = {} if said is None else {"Retry-After": said}
    error = told(answer(429, {"overLimit": {"code": 429, "message": "slow down"}}, **headers))
    assert isinstance(error, VimUnavailableError)
    assert error.retry_after_s == seconds

"""One call to an OpenStack PoP, and the one table from OpenStack's errors to ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from keystoneauth1 import exceptions as auth
from openstack import exceptions as sdk
from requests import Response

from adaptors.vim.cloud_call import CloudCall
from domain.errors import InputError, VimRefusedError, VimUnavailableError

_FOR_GOOD = ("OverQuota", "IpAddressGenerationFailure", "NoMoreNetworks", "InvalidInput")
"""Of the conflicts (409) that Neutron tells, those that do not pass by themselves."""


class Refusal(Exception):
    """Why a call is refused for good, in words; `answering` adds what was called."""


class Unready(Exception):
    """Why a call failed that may be tried again, in words; `answering` adds what was called."""


class Abandoned(Exception):
    """Nobody waits for this call any more."""


class Call(CloudCall):
    """One call to an OpenStack."""

    speaker = "OpenStack"
    kept = "a cloud in the worker's clouds.yaml"


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """Say what was asked of whom, and whether it is for good."""
    try:
        yield
    except (Refusal, InputError) as error:
        raise call.refused(str(error)) from error
    except Unready as error:
        raise call.unavailable(str(error)) from error
    except sdk.HttpException as error:
        raise _answered(call, error) from error
    except (auth.ClientException, sdk.SDKException) as error:
        raise _unanswered(call, error) from error


def words_of(error: sdk.HttpException) -> str:
    """What the other side said, without where it was asked."""
    return str(error.details or error.message)


def neutron_type(error: sdk.HttpException) -> str:
    """The name of Neutron's own error, such as OverQuota; empty where it is another's."""
    response = error.response
    if not isinstance(response, Response):
        return ""
    try:
        body = response.json().get("NeutronError", {})
    except (ValueError, AttributeError):
        return ""
    return str(body.get("type", "")) if isinstance(body, dict) else ""


def _answered(call: Call, error: sdk.HttpException) -> VimRefusedError | VimUnavailableError:
    words, status = words_of(error), error.status_code or 0
    if status == 401:
        return call.denied(f"the credential is not accepted: {words}")
    if status in (403, 413) and "uota" in words:  # Cinder says 413 where the others say 403
        return call.refused(words)
    if status == 403:
        return call.denied(words)
    if status in (413, 429):
        return call.unavailable(words, _retry_after(error))
    if status == 409 and neutron_type(error) in _FOR_GOOD:
        return call.refused(words)
    if status == 400 or 405 <= status < 409:
        return call.refused(words)
    if status == 404:
        return call.unavailable(f"{words} (it went away meanwhile)")
    return call.unavailable(words, _retry_after(error))


def _retry_after(error: sdk.HttpException) -> float | None:
    response = error.response
    said = response.headers.get("Retry-After", "") if isinstance(response, Response) else ""
    return float(said) if said.isdigit() else None


def _unanswered(
    call: Call, error: auth.ClientException | sdk.SDKException
) -> VimRefusedError | VimUnavailableError:
    words = f"{error}" or type(error).__name__
    if isinstance(error, auth.Unauthorized | auth.Forbidden):
        return call.denied(f"the credential is not accepted: {words}")
    if isinstance(error, auth.HttpError):
        again = isinstance(error, auth.HttpServerError) or error.http_status in (408, 413, 429)
        return call.unavailable(words) if again else call.denied(words)
    if isinstance(error, auth.ConnectionError | auth.DiscoveryFailure | sdk.ServiceDiscoveryException):
        return call.unanswered(words)
    if isinstance(error, auth.CatalogException | auth.AuthPluginException | sdk.ConfigException):
        return call.denied(words)
    return call.unavailable(words)

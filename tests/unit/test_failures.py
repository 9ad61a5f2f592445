"""Which words of a failure people are told."""

from temporalio.exceptions import ActivityError, ApplicationError, RetryState, TimeoutError, TimeoutType

from workflows.failures import root_cause


def activity_error(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="vim.create",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def test_our_own_message_is_told_and_not_what_it_was_made_of() -> None:
    ours = ApplicationError("PoP north: create of web-1 was refused; the emulator says: it died")
    ours.__cause__ = ApplicationError("it died")
    assert root_cause(activity_error(ours)) == str(ours)


def test_what_the_last_attempt_said_is_told_rather_than_that_time_ran_out() -> None:
    late = TimeoutError("timed out", type=TimeoutType.SCHEDULE_TO_CLOSE, last_heartbeat_details=[])
    assert root_cause(activity_error(late)) == "no answer in time (schedule-to-close timeout)"
    late.__cause__ = ApplicationError("PoP north does not answer")
    assert root_cause(activity_error(late)) == "PoP north does not answer"

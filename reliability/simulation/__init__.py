"""The recovery model, event by event: to hold the closed forms of reliability/model to."""

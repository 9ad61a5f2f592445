"""How Instantiate and Terminate went before they were planned: for runs that began then and still go on.

To be removed when no such run can be open any more. tests/replay holds these to the recorded histories.
"""

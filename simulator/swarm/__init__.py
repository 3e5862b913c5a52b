"""Locust: user class, engine thread, sample pump, identity leases, web page, exit codes.

`install()` in a locustfile turns Locust into a fleet runner; `MeetingDevice` must be a name of that file, because
Locust looks for user classes there.
"""

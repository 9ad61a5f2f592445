"""All of cinder in one process: its API, its scheduler and its volume service; for serve.py.

Its settings are named by LAB_CINDER_SETTINGS.
"""

# Cinder chooses its kind of threads here, before anything else may be imported.
from cinder import monkey_patch

monkey_patch.patch(backend="threading")

import os  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402

import os_brick  # noqa: E402
from cinder import service  # noqa: E402
from cinder.wsgi import wsgi  # noqa: E402
from oslo_config import cfg  # noqa: E402

_REPORTING = threading.Lock()


class _Service(service.Service):
    """One of several in a process; cinder expects one, and keeps in the class which one that is."""

    def report_state(self) -> None:
        """Say in the database that this one lives."""
        with _REPORTING:
            service.Service.service_id = self.origin_service_id
            super().report_state()


def _start() -> None:
    """The volume service first: the scheduler waits until one has told it what it has."""
    os_brick.setup(cfg.CONF)
    for backend in cfg.CONF.enabled_backends:
        host = f"{cfg.CONF.host}@{backend}"
        _Service.create(host=host, binary="cinder-volume", service_name=backend, coordination=True).start()
    _Service.create(binary="cinder-scheduler").start()


sys.argv = ["cinder", "--config-file", os.environ["LAB_CINDER_SETTINGS"]]
application = wsgi.initialize_application()
_start()

"""nova-compute, able to load the hypervisor that stands beside this file: `python compute.py OPTIONS`."""

# Nova chooses its kind of threads here, before anything else may be imported.
from nova import monkey_patch

monkey_patch.patch(backend="threading")

from pathlib import Path  # noqa: E402

import nova.virt  # noqa: E402
from nova.cmd.compute import main  # noqa: E402

if __name__ == "__main__":
    # Drivers are looked for in the package nova.virt only.
    nova.virt.__path__.append(str(Path(__file__).parent / "drivers"))
    main()

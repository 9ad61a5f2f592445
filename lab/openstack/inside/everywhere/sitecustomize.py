"""What every one of OpenStack's programs does first.

Each keeps some hundred thousand objects for good. To look through all of them again and again for those that
are garbage, as Python does by default, takes much of the processors of one machine with twenty such programs.
"""

import gc

gc.set_threshold(50_000, 20, 100)

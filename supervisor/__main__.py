"""`python -m supervisor`: the same as `ib-supervisor`."""

import sys

from supervisor.commands.main import main

sys.exit(main())

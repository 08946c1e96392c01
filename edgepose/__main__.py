"""`python -m edgepose` is the same as the command `edgepose`."""

import sys

from edgepose.cli import main

sys.exit(main())

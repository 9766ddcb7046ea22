"""``python -m rewardmeter``."""

import sys

from rewardmeter.cli.app import main

sys.exit(main())

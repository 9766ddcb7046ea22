"""``python -m rewardmeter.cli``."""

import sys

from rewardmeter.cli.app import main

sys.exit(main())

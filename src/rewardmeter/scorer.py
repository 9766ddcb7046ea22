from rewardmeter.scoring import *  # noqa
from rewardmeter.scoring import convert_options  # noqa

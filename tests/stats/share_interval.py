"""What the interval of a share should be, with derivatives taken numerically, item by item."""

import math

import numpy as np
from scipy import stats


def share_ends(credits, cluster, level):
    """Normal on the logit of the mean credit; the error from the slopes of the mean in the weight of each item.

    NaN credits do not count.
    """
    credits, cluster = np.asarray(credits), np.asarray(cluster)
    counted = ~np.isnan(credits)
    credits, cluster = credits[counted], cluster[counted]
    step, slopes = 1e-6, []
    for item in np.unique(cluster):
        up, down = (np.average(credits, weights=1 + sign * step * (cluster == item)) for sign in (1, -1))
        slopes.append((up - down) / (2 * step))
    value = credits.mean()
    reach = stats.norm.ppf((1 + level) / 2) * math.sqrt(len(slopes) * np.var(slopes, ddof=1)) / (value * (1 - value))
    logit = math.log(value / (1 - value))
    return [1 / (1 + math.exp(-end)) for end in (logit - reach, logit + reach)]

"""What the bootstrap's interval ends should be, written out: percentiles at Hesterberg's expanded level."""

import numpy as np
from scipy import stats


def ends(draws, items, level):
    """Hesterberg 2015, What Teachers Should Know About the Bootstrap, section 5: for n items take the percentiles at
    Phi(-sqrt(n / (n - 1)) t) and its complement, t Student's quantile with n - 1 degrees of freedom."""
    reach = np.sqrt(items / (items - 1)) * stats.t.ppf((1 + level) / 2, items - 1)
    return np.nanquantile(draws, [stats.norm.cdf(-reach), stats.norm.cdf(reach)], axis=0)

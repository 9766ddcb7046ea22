"""What can be learnt from people who judge the same thing: agreement, ceilings, rater models, variance components.

Judgments are triples (unit, rater, value), one array each, or a matrix (raters, units) with NaN where there is none.
A unit is what was judged (a response, a pair); an item is what is resampled (a prompt with its units).
May import: numpy, scipy (inside functions) and `stats`.
"""

"""`examine`: does a scorer keep its score when nothing that matters has changed, and what does each choice cost?

May import `comparison`, `engine`, `scoring`, `dataset`, `types`, `errors` and `stats`.
"""

from rewardmeter.doctor.examination import Diagnosis, Finding, examine
from rewardmeter.doctor.variants import Variant, variants_of

__all__ = ["Diagnosis", "Finding", "Variant", "examine", "variants_of"]

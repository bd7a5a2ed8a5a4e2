"""A made-up municipality with planted truths: nobody in it exists, and no effect size in it is real."""

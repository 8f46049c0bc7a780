"""Real data, held out: what the recipes of `python -m nn train` reach, over several splits.

    python -m benchmarks.learning [--seeds 5] [NAME ...]

Prints for each data set the score of every seed (which is that of the split, the initial weights
and the order of cases), their mean, the bar, and the time of one run.  Exits with 1 if a mean is
below its bar.
"""

import argparse
import sys
import time

from nn.command.recipes import learn

# data set -> (score, bar on the held-out part)
BARS = {
    "breast_cancer": ("accuracy", 0.95),
    "iris": ("accuracy", 0.93),
    "diabetes": ("R^2", 0.40),
    "digits": ("accuracy", 0.93),
}


def measure(name, seeds):
    """Prints the line of one data set; returns whether its mean reaches the bar."""
    kind, bar = BARS[name]
    start = time.perf_counter()
    scores = [learn(name, seed=seed).held_out for seed in range(1, seeds + 1)]
    seconds = (time.perf_counter() - start) / seeds
    mean = sum(scores) / seeds
    each = " ".join(f"{score:.3f}" for score in scores)
    verdict = "reached" if mean >= bar else "MISSED"
    print(f"{name:<14} {kind:<9} {mean:.3f}  bar {bar:.2f} {verdict:<8} {seconds:6.1f} s   {each}")
    return mean >= bar


def main():
    parser = argparse.ArgumentParser(description="Held-out scores on real data.")
    parser.add_argument("names", nargs="*", choices=[*BARS, []], default=[], metavar="NAME")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 1 on (5)")
    given = parser.parse_args()
    print("data set       score     mean   on held-out cases   one run   seeds 1, 2, ...")
    reached = [measure(name, given.seeds) for name in given.names or BARS]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())

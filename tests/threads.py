"""Functions that run at once, for the tests of whatever threads may share."""

import sys
import threading


def in_threads(*functions):
    """The results of the functions, each in a thread, with switches as often as Python can."""
    results, errors = [None] * len(functions), []
    start = threading.Barrier(len(functions))

    def run(i):
        try:
            start.wait()
            results[i] = functions[i]()
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(functions))]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60.0)
    finally:
        sys.setswitchinterval(interval)
    assert not any(thread.is_alive() for thread in threads), "a thread waits for another"
    assert errors == []
    return results

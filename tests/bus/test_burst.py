"""The queue between two loops."""

import threading
import time

from oms.bus.burst import Burst


def test_whoever_puts_first_wakes_and_the_others_ride_along() -> None:
    wakes: list[int] = []
    burst: Burst[int] = Burst(lambda: wakes.append(len(burst)))
    for number in range(5):
        burst.put(number)
    assert wakes == [1]
    assert list(burst.take()) == [0, 1, 2, 3, 4]
    burst.put(5)
    assert wakes == [1, 1]


def test_what_is_not_taken_stays_in_order() -> None:
    burst: Burst[int] = Burst(lambda: None)
    for number in range(4):
        burst.put(number)
    for number in burst.take():
        if number == 1:
            break
    assert list(burst.take()) == [2, 3]


def test_between_threads_nothing_is_lost_and_no_wake_is_missed() -> None:
    count = 50_000
    woken = threading.Semaphore(0)
    burst: Burst[int] = Burst(woken.release)
    taken: list[int] = []

    def take() -> None:
        while len(taken) < count:
            assert woken.acquire(timeout=10), "a wake was missed"
            taken.extend(burst.take())

    taker = threading.Thread(target=take)
    taker.start()
    for number in range(count):
        burst.put(number)
        if number % 1000 == 0:
            time.sleep(0.0005)  # so that the other side catches up and has to be woken again
    taker.join(20)
    assert taken == list(range(count))

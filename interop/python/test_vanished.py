"""A consumer that went away without a word takes no message with it."""

import threading

ROUNDS = 1500


def test_message_does_not_follow_a_consumer_that_closed(broker):
    """Acknowledged by being sent (auto), but never sent to a socket that was closed before."""
    stop = threading.Event()

    def keep_busy():
        with broker.client() as other:
            while not stop.is_set():
                other.alive()

    busy = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        for number in range(ROUNDS):
            consumer = broker.client()
            consumer.subscribe("/queue/vanished")
            consumer.send_receipted("/queue/vanished", str(number), persistent="true")
            assert consumer.message().text == str(number)
            consumer.close()
    finally:
        stop.set()
        for thread in busy:
            thread.join()

"""A stomp.py listener that hands what arrives to the test, in order."""

import queue
import time

import stomp

TIMEOUT = 10.0


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.frames = queue.Queue()
        self.receipts = queue.Queue()
        self.errors = queue.Queue()
        self.disconnects = queue.Queue()

    def on_message(self, frame):
        self.frames.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame):
        self.errors.put(frame)

    def on_disconnected(self):
        self.disconnects.put(time.monotonic())

    def messages(self, count, timeout=TIMEOUT):
        return [self.frames.get(timeout=timeout) for _ in range(count)]

    def receipt(self, wanted, timeout=TIMEOUT):
        while self.receipts.get(timeout=timeout) != wanted:
            pass

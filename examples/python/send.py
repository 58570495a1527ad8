"""Sends one persistent message and returns when the broker has confirmed it."""

import argparse
import sys
import threading

import stomp


class Confirmation(stomp.ConnectionListener):
    def __init__(self):
        self.done = threading.Event()
        self.error = None

    def on_receipt(self, frame):
        self.done.set()

    def on_error(self, frame):
        self.error = frame.headers.get("message")
        self.done.set()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("destination", help="for example /queue/hello")
    parser.add_argument("body")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=61613)
    arguments = parser.parse_args()

    confirmation = Confirmation()
    connection = stomp.Connection12([(arguments.host, arguments.port)], auto_content_length=False)
    connection.set_listener("", confirmation)
    connection.connect(wait=True)
    # The receipt comes when the message is on disk. A broker at its limit keeps it back until
    # there is room, so a program that waits for receipts never runs ahead of its consumers.
    headers = {"persistent": "true", "receipt": "sent"}
    connection.send(arguments.destination, arguments.body, headers=headers)
    confirmed = confirmation.done.wait(30)
    connection.disconnect()
    if not confirmed:
        sys.exit("the broker has not confirmed the message within 30 s")
    if confirmation.error:
        sys.exit(f"refused: {confirmation.error}")
    print("sent")


if __name__ == "__main__":
    main()

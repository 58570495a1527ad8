"""Receives messages, prints their bodies, and acknowledges each after printing."""

import argparse
import queue
import sys

import stomp


class Inbox(stomp.ConnectionListener):
    def __init__(self):
        self.frames = queue.Queue()

    def on_message(self, frame):
        self.frames.put(frame)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("destination", help="for example /queue/hello")
    parser.add_argument("count", type=int, nargs="?", default=1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=61613)
    parser.add_argument("--wait", type=float, default=30, help="seconds for each message")
    arguments = parser.parse_args()

    inbox = Inbox()
    connection = stomp.Connection12([(arguments.host, arguments.port)])
    connection.set_listener("", inbox)
    connection.connect(wait=True)
    # What is not acknowledged when the connection ends goes to another consumer, so a crash
    # between receiving and acknowledging loses nothing.
    connection.subscribe(arguments.destination, id="1", ack="client-individual")
    try:
        for _ in range(arguments.count):
            frame = inbox.frames.get(timeout=arguments.wait)
            print(frame.body, flush=True)
            connection.ack(frame.headers["ack"])
    except queue.Empty:
        sys.exit(f"no message within {arguments.wait:.0f} s")
    finally:
        connection.disconnect()


if __name__ == "__main__":
    main()

"""Opening and closing a connection: versions, headers, heart-beats, receipts."""

import time

import pytest
import stomp

from rawstomp import Closed, RawStomp, encode

VERSIONS = ("1.0", "1.1", "1.2")


@pytest.mark.parametrize("version", VERSIONS)
def test_stomp_py_connects_in_each_version(broker, version):
    make = {"1.0": stomp.Connection10, "1.1": stomp.Connection11, "1.2": stomp.Connection12}
    connection = make[version]([broker.address])
    connection.connect(wait=True)
    assert connection.is_connected()
    connection.disconnect()


@pytest.mark.parametrize(
    "offered, chosen",
    [("1.0", "1.0"), ("1.1", "1.1"), ("1.2", "1.2"), ("1.0,1.1", "1.1"), ("1.0,1.1,1.2", "1.2"),
     ("1.2,1.0", "1.2"), ("1.1, 9.9", "1.1")],
)  # fmt: skip
def test_highest_common_version_is_chosen(client, offered, chosen):
    connection = client("1.0", headers={"accept-version": offered})
    assert connection.connected["version"] == chosen


def test_no_accept_version_means_1_0(client):
    connection = client("1.0")
    assert connection.connected.get("version", "1.0") == "1.0"
    connection.alive()


def test_unknown_version_is_refused_and_closed(client):
    connection = client("1.2", open=False)
    connection.frame("CONNECT", {"accept-version": "9.9", "host": "x"})
    (error,) = connection.closed()
    assert error.command == "ERROR"
    assert "version" in (error["message"] + error.text).lower()


def test_connected_names_session_and_server(client):
    connected = client(headers={"client-id": "session-of-mine"}).connected
    assert connected["session"] == "session-of-mine"
    assert connected["server"]


def test_session_is_given_without_client_id(client):
    assert client().connected["session"] != client().connected["session"]


def test_stomp_command_opens_like_connect(client):
    connection = client(open=False)
    connection.frame("STOMP", {"accept-version": "1.2", "host": "localhost"})
    assert connection.next("CONNECTED")["version"] == "1.2"


def test_request_id_of_connect_comes_back(client):
    connected = client("1.0", headers={"request-id": "me-7"}).connected
    assert connected["response-id"] == "me-7"


def test_receipt_of_connect_comes_back(client):
    connected = client("1.0", headers={"receipt": "me-8"}).connected
    assert connected["receipt-id"] == "me-8"


def test_login_is_accepted_without_security(client):
    client(headers={"login": "someone", "passcode": "secret"}).alive()


def test_newlines_before_connect_are_skipped(client):
    connection = client(open=False)
    connection.write(b"\n\n")
    connection.open()
    connection.alive()


def test_carriage_returns_end_lines_in_1_2(client):
    connection = client(open=False)
    connection.write(b"CONNECT\r\naccept-version:1.2\r\nhost:localhost\r\n\r\n\0")
    assert connection.next("CONNECTED")["version"] == "1.2"


def test_frames_cut_at_every_byte_are_put_together(client, queue):
    connection = client()
    for byte in encode("SEND", {"destination": queue, "receipt": "cut"}, "in pieces"):
        connection.write(bytes([byte]))
    connection.receipt("cut")
    connection.subscribe(queue)
    assert connection.message().text == "in pieces"


def test_many_frames_in_one_write_keep_order(client, queue):
    connection = client()
    frames = [encode("SEND", {"destination": queue}, str(n)) for n in range(200)]
    connection.write(b"".join(frames))
    connection.subscribe(queue)
    assert connection.bodies(200) == [str(n) for n in range(200)]


@pytest.mark.parametrize("version", VERSIONS)
def test_disconnect_receipt_arrives(client, version):
    connection = client(version)
    connection.command("DISCONNECT")


@pytest.mark.improvement("says nothing and keeps the connection")
def test_frame_before_connect_is_an_error_and_closes(client, queue):
    connection = client(open=False)
    connection.send(queue, "too early", receipt="never")
    seen = connection.closed()
    assert [frame.command for frame in seen] == ["ERROR"]


def test_two_clients_may_not_share_a_client_id(client):
    first = client(headers={"client-id": "only-one"})
    second = client(open=False)
    second.frame("CONNECT", {"accept-version": "1.2", "host": "x", "client-id": "only-one"})
    seen = second.closed()
    assert seen[0].command == "ERROR"
    assert "only-one" in seen[0]["message"] + seen[0].text
    first.alive()


def test_client_id_is_free_again_after_a_drop(client):
    client(headers={"client-id": "comes-back"}).close()
    deadline = time.monotonic() + 10
    while True:
        try:
            client(headers={"client-id": "comes-back"}).alive()
            return
        except (AssertionError, Closed):
            assert time.monotonic() < deadline, "the client id is still taken"
            time.sleep(0.05)


# Heart-beats.


def test_heart_beat_defaults_to_none(client):
    assert client().connected.get("heart-beat", "0,0") == "0,0"


def test_heart_beat_answer_mirrors_the_offer(client):
    connected = client(headers={"heart-beat": "4000,5000"}).connected
    server_sends, server_expects = map(int, connected["heart-beat"].split(","))
    assert (server_sends, server_expects) == (5000, 4000)


def test_server_beats_as_agreed(client):
    connection = client(headers={"heart-beat": "0,200"})
    connection.wait_beats(5, timeout=10)


def test_silent_client_is_dropped(client):
    connection = client(headers={"heart-beat": "300,0"})
    connection.closed(timeout=15)


def test_beating_client_is_kept(client):
    connection = client(headers={"heart-beat": "400,0"})
    for _ in range(20):
        connection.write(b"\n")
        time.sleep(0.1)
    connection.alive()


@pytest.mark.parametrize("value", ["x,y", "1000", "1,2,3"])
def test_malformed_heart_beat_is_refused(client, value):
    connection = client(open=False)
    connection.frame("CONNECT", {"accept-version": "1.2", "host": "x", "heart-beat": value})
    seen = connection.closed()
    assert [frame.command for frame in seen] == ["ERROR"]
    assert "heart-beat" in (seen[0]["message"] + seen[0].text).lower()


@pytest.mark.improvement("takes a negative interval and then says nothing")
def test_negative_heart_beat_is_refused(client):
    connection = client(open=False)
    connection.frame("CONNECT", {"accept-version": "1.2", "host": "x", "heart-beat": "-1,5"})
    assert [frame.command for frame in connection.closed(timeout=3)] == ["ERROR"]


def test_stomp_py_heart_beats_hold_the_connection(broker):
    connection = stomp.Connection12([broker.address], heartbeats=(300, 300))
    connection.connect(wait=True)
    time.sleep(1.5)
    assert connection.is_connected()
    connection.disconnect()


def test_a_dropped_socket_harms_nobody(broker, client):
    steady = client()
    for cut in (b"", b"CONN", b"CONNECT\naccept-version:1.2\n", b"\0\0\0"):
        raw = RawStomp(broker.address, open=False)
        raw.write(cut)
        raw.close()
    steady.alive()

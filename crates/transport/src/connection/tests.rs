//! One connection under pressure: slow peers, great frames, silence, heart-beats.

use crate::listener::tests::Running;
use floodway_broker::settings::{BrokerSettings, Cursor};

#[test]
fn a_great_frame_arrives_whole() {
    let running = Running::start(|settings| settings.read_buffer_bytes = 4096);
    let (mut consumer, mut producer) = (running.login(), running.login());
    consumer.say("sub q");
    assert_eq!(consumer.hear(), "done 1");
    let text = "0123456789abcdef".repeat(100_000);
    producer.say(&format!("send q {text}"));
    assert_eq!(consumer.hear(), format!("message {text}"));
    running.stop();
}

#[test]
fn peer_that_reads_late_gets_everything_in_order() {
    let running = Running::start(|settings| {
        settings.output_limit_bytes = 4096;
        settings.turn_events_max = 20;
        settings.socket_buffer_bytes = Some(8192);
    });
    let (mut consumer, mut producer) = (running.login(), running.login());
    consumer.say("sub q");
    assert_eq!(consumer.hear(), "done 1");
    let filler = "x".repeat(1000);
    for number in 1..=2000 {
        producer.say(&format!("send q {number} {filler}"));
        // Waiting for the answer: all is in the broker before the consumer reads.
        assert_eq!(producer.hear(), format!("done {number}"));
    }
    for number in 1..=2000 {
        assert_eq!(consumer.hear(), format!("message {number} {filler}"));
    }
    running.stop();
}

#[test]
fn peer_that_leaves_answers_unread_is_stopped_and_goes_on_when_it_reads() {
    const SENDS: usize = 20_000;
    let running = Running::start(|settings| {
        settings.output_limit_bytes = 1024;
        settings.commands_ahead_max = 100;
        settings.socket_buffer_bytes = Some(4096);
    });
    let mut client = running.login();
    let mut writer = client.stream();
    let writing = std::thread::spawn(move || {
        use std::io::Write;
        for _ in 0..SENDS {
            writer.write_all(b"send q x\n").unwrap();
        }
    });
    for number in 1..=SENDS {
        assert_eq!(client.hear(), format!("done {number}"));
    }
    writing.join().unwrap();
    running.stop();
}

#[test]
fn heart_beats_go_out_while_nothing_happens() {
    let running = Running::start(|_| ());
    let mut client = running.login();
    client.say("beat 5");
    for _ in 0..3 {
        assert_eq!(client.hear(), "beat");
    }
    running.stop();
}

#[test]
fn silent_peer_is_closed() {
    let running = Running::start(|_| ());
    let mut client = running.login();
    client.say("silence 50");
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn read_timeout_closes_an_idle_connection() {
    let running = Running::start(|settings| settings.read_timeout_ms = 50);
    assert!(running.login().is_closed());
    running.stop();
}

#[test]
fn peer_that_takes_nothing_is_closed_after_the_write_timeout() {
    let running = Running::start(|settings| {
        settings.write_timeout_ms = 50;
        settings.socket_buffer_bytes = Some(4096);
    });
    let (mut consumer, mut producer) = (running.login(), running.login());
    consumer.say("sub q");
    assert_eq!(consumer.hear(), "done 1");
    // More than the socket buffers of both ends can hold.
    let text = "x".repeat(1 << 20);
    for number in 1..=16 {
        producer.say(&format!("send q {text}"));
        assert_eq!(producer.hear(), format!("done {number}"));
    }
    producer.say("send q y");
    assert_eq!(producer.hear(), "done 17");
    let mut received = 0;
    while consumer.hear() != "" {
        received += 1;
    }
    assert!(received < 16, "received {received}");
    running.stop();
}

#[test]
fn connection_that_is_not_read_is_beaten_to_and_not_called_silent() {
    let mut core = BrokerSettings {
        parked_send_limit_bytes: 10_000,
        ..BrokerSettings::default()
    };
    core.default_policy.memory_limit_bytes = 10_000;
    core.default_policy.pending_queue_policy = Cursor::Memory;
    let running = Running::start_core(core, |_| ());
    let mut client = running.login();
    client.say("beat 10\nsilence 100");
    let mut writer = client.stream();
    // Far more than limit, parked sends and sockets hold: the writer is stuck before its end.
    let writing = std::thread::spawn(move || {
        use std::io::Write;
        let text = "x".repeat(1000);
        for _ in 0..20_000 {
            writer
                .write_all(format!("send q {text}\n").as_bytes())
                .unwrap();
        }
    });
    let mut consumer = running.login();
    let mut beats = 0;
    while beats < 30 {
        beats += usize::from(client.hear() == "beat");
    }
    // Consuming lets everything go on; all that was sent comes.
    consumer.say("sub q");
    assert_eq!(consumer.hear(), "done 1");
    for _ in 0..20_000 {
        assert!(consumer.hear().starts_with("message x"));
    }
    writing.join().unwrap();
    running.stop();
}

#[test]
fn peer_that_has_closed_takes_no_message_with_it() {
    let running = Running::start(|settings| settings.socket_buffer_bytes = Some(8192));
    let (mut leaving, mut producer) = (running.login(), running.login());
    leaving.say("sub q");
    assert_eq!(leaving.hear(), "done 1");
    let text = "0123456789abcdef".repeat(100_000);
    producer.say(&format!("send q {text}"));
    assert_eq!(producer.hear(), "done 1");
    // Part of the message is on its way; the rest follows when it is read.
    let leaving_stream = leaving.stream();
    leaving_stream.shutdown(std::net::Shutdown::Write).unwrap();
    leaving.hear();
    assert!(leaving.is_closed());
    let mut staying = running.login();
    staying.say("sub q");
    assert_eq!(staying.hear(), "done 1");
    assert_eq!(staying.hear(), format!("message {text}"));
    running.stop();
}

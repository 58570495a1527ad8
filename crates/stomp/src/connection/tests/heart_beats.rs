//! Heart-beats as agreed at CONNECT.

use super::*;
use crate::HeartBeat;

fn beating(header: &str, settings: Settings) -> (Talk, String) {
    let mut talk = Talk::fresh(settings);
    talk.client(&format!("CONNECT\naccept-version:1.2\n{header}\n^@"));
    let reply = talk.replies[0];
    let answer = talk.core(vec![Event::Connected { reply }]);
    (talk, answer)
}

#[test]
fn connected_names_our_interval_first() {
    let (_, answer) = beating("heart-beat:1000, 2000\n", Settings::default());
    assert!(answer.contains("\nheart-beat:2000,1000\n"), "{answer}");
}

#[test]
fn without_heart_beats_no_tick_is_wanted() {
    let (mut talk, _) = beating("heart-beat:0,0\n", Settings::default());
    assert_eq!(talk.tick(1_000_000), (String::new(), None));
    assert_eq!(talk.end, None);
}

#[test]
fn we_beat_before_it_is_due_and_only_when_nothing_else_was_written() {
    let (mut talk, _) = beating("heart-beat:0,1000\n", Settings::default());
    assert_eq!(talk.tick(0), (String::new(), Some(800)));
    assert_eq!(talk.tick(799), (String::new(), Some(1)));
    assert_eq!(talk.tick(1), ("\n".into(), Some(800)));
    talk.now.monotonic_ms += 500;
    talk.client("SEND\ndestination:/queue/a\nreceipt:r\n\n^@");
    talk.done();
    assert_eq!(talk.tick(799), (String::new(), Some(1)));
    assert_eq!(talk.tick(1), ("\n".into(), Some(800)));
}

#[test]
fn a_peer_is_silent_after_twice_its_stretched_interval() {
    let settings = Settings {
        heart_beat_grace: 1.5,
        ..Settings::default()
    };
    let (mut talk, _) = beating("heart-beat:1000,0\n", settings);
    assert_eq!(talk.tick(2999), (String::new(), Some(1)));
    talk.client("\n");
    assert_eq!(talk.tick(2999), (String::new(), Some(1)));
    talk.tick(1);
    assert_eq!(talk.end, Some(ConnectionEnd::Silent(3000)));
}

#[test]
fn a_part_of_a_frame_is_a_sign_of_life() {
    let (mut talk, _) = beating("heart-beat:1000,0\n", Settings::default());
    for _ in 0..5 {
        talk.tick(1999);
        assert_eq!(talk.end, None);
        talk.client("S");
    }
}

#[test]
fn clients_without_the_header_get_the_default() {
    let settings = Settings {
        heart_beat_default: HeartBeat {
            receive_ms: 30_000,
            send_ms: 10_000,
        },
        ..Settings::default()
    };
    let (mut talk, answer) = beating("", settings);
    assert!(answer.contains("\nheart-beat:10000,30000\n"), "{answer}");
    assert_eq!(talk.tick(0).1, Some(8000));
}

#[test]
fn very_short_intervals_are_lengthened_and_very_long_ones_never_end() {
    let (_, answer) = beating("heart-beat:0,1\n", Settings::default());
    assert!(answer.contains("\nheart-beat:10,0\n"), "{answer}");
    let huge = u64::MAX;
    let (mut talk, _) = beating(&format!("heart-beat:{huge},{huge}\n"), Settings::default());
    talk.tick(1_000_000_000);
    assert_eq!(talk.end, None);
}

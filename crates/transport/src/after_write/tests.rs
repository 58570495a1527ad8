//! Commands come out when their bytes are written, in order, none twice.

use super::AfterWrite;
use floodway_message::session::Command;

fn begin(tx: u64) -> Vec<Command> {
    vec![Command::Begin { tx, reply: None }]
}

fn due(after: &mut AfterWrite, written: u64) -> Vec<u64> {
    let mut commands = Vec::new();
    after.take_due(written, &mut commands);
    let number = |command| match command {
        Command::Begin { tx, .. } => tx,
        other => panic!("unexpected {other:?}"),
    };
    commands.into_iter().map(number).collect()
}

#[test]
fn nothing_is_due_before_its_last_byte() {
    let mut after = AfterWrite::default();
    after.push(&mut begin(1), 100);
    assert_eq!(due(&mut after, 99), []);
    assert_eq!(due(&mut after, 100), [1]);
    assert_eq!(due(&mut after, 200), []);
}

#[test]
fn younger_commands_wait_for_their_own_bytes() {
    let mut after = AfterWrite::default();
    after.push(&mut begin(1), 100);
    after.push(&mut begin(2), 200);
    after.push(&mut begin(3), 300);
    assert_eq!(due(&mut after, 150), [1]);
    after.push(&mut begin(4), 400);
    assert_eq!(due(&mut after, 299), []);
    assert_eq!(due(&mut after, 300), [2, 3]);
    assert_eq!(due(&mut after, 400), [4]);
}

#[test]
fn several_groups_can_be_due_at_once() {
    let mut after = AfterWrite::default();
    after.push(&mut begin(1), 100);
    after.push(&mut begin(2), 200);
    assert_eq!(due(&mut after, 200), [1, 2]);
    after.push(&mut begin(3), 300);
    assert_eq!(due(&mut after, 300), [3]);
}

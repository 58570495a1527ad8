use super::*;

fn stored(list: ListId, position: u64) -> Place {
    Place::Stored { list, position }
}

#[test]
fn a_description_is_read_back_with_neighbours_as_one() {
    let xid = Xid::new(-7, &[1; 64], &[]).unwrap();
    let mut description = Description::new(xid);
    description.messages = 3;
    description.acknowledge(Place::Memory);
    for place in [stored(1, 5), stored(1, 6), stored(2, 7), stored(2, 9)] {
        description.acknowledge(place);
    }
    let runs: Vec<_> = description
        .acknowledged
        .iter()
        .map(|run| run.count)
        .collect();
    assert_eq!(runs, [2, 1, 1]);
    assert_eq!(Description::read(&description.write()), Some(description));
}

#[test]
fn what_is_cut_or_newer_is_refused() {
    let mut description = Description::new(Xid::new(1, b"global", b"branch").unwrap());
    let names = description.write();
    description.acknowledge(stored(1, 1));
    let whole = description.write();
    for length in (0..whole.len()).filter(|length| *length != names.len()) {
        assert_eq!(Description::read(&whole[..length]), None, "{length}");
    }
    let mut newer = whole.to_vec();
    newer[0] += 1;
    assert_eq!(Description::read(&newer), None);
    let mut long = whole.to_vec();
    long[5] = 65;
    long.extend([0; 200]);
    assert_eq!(Description::read(&long), None);
}

use super::*;
use floodway_message::DestinationKind;
use std::collections::BTreeSet;

#[test]
fn sizes_have_units_and_everything_has_a_bound() {
    for (kind, text, value) in [
        (Kind::Size, "0", Some(0)),
        (Kind::Size, " 3 KB ", Some(3 << 10)),
        (Kind::Size, "2mb", Some(2 << 20)),
        (Kind::Size, "1gb", Some(1 << 30)),
        (Kind::Size, "99999999999gb", None),
        (Kind::Size, "1125899906842625", None),
        (Kind::Size, "1.5mb", None),
        (Kind::Size, "-1", None),
        (Kind::Size, "", None),
        (Kind::Time, "30000", Some(30_000)),
        (Kind::Time, "1kb", None),
        (Kind::Count, "2147483648", None),
        (Kind::Percent, "1001", None),
        (Kind::Truth, "true", Some(1)),
        (Kind::Truth, "false", Some(0)),
        (Kind::Truth, "1", None),
    ] {
        assert_eq!(kind.parse(text), value, "{kind:?} {text}");
    }
}

/// Each line must read what it wrote, and nothing else may change with it.
fn lines_are_apart<T>(table: &'static [Attribute<T>], fresh: impl Fn() -> T) {
    let names: BTreeSet<_> = table.iter().map(|one| one.name).collect();
    assert_eq!(names.len(), table.len());
    for attribute in table {
        let mut target = fresh();
        let value = match attribute.kind {
            Kind::Truth => 1 - (attribute.get)(&target),
            _ => 77,
        };
        let before: Vec<_> = table.iter().map(|one| (one.get)(&target)).collect();
        (attribute.set)(&mut target, value);
        for (other, before) in table.iter().zip(before) {
            let expected = if other.name == attribute.name {
                value
            } else {
                before
            };
            assert_eq!(
                (other.get)(&target),
                expected,
                "{} after {}",
                other.name,
                attribute.name
            );
        }
    }
}

#[test]
fn every_line_changes_its_own_field() {
    lines_are_apart(OF_DESTINATION, || {
        PolicyEntry::new(DestinationKind::Queue, ">")
    });
    lines_are_apart(OF_BROKER, SystemUsage::default);
}

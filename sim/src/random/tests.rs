use super::*;

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let draw = |seed| {
        let mut random = Random::new(seed);
        (0..100).map(|_| random.next()).collect::<Vec<_>>()
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn bounds_hold_and_are_reached() {
    let mut random = Random::new(1);
    let drawn: Vec<u64> = (0..1000).map(|_| random.between(3, 5)).collect();
    for wanted in 3..=5 {
        assert!(drawn.contains(&wanted));
    }
    assert!(drawn.iter().all(|number| (3..=5).contains(number)));
    assert_eq!(random.below(0), 0);
}

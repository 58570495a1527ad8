//! Goal: whatever is appended, committed, tidied, killed or cut from power, the journal says what
//! a model says. Method: random steps; after a crash the content must be that after some batch
//! between the last durable one and the last one appended, and otherwise equal to the
//! [`MemoryStore`]'s.

mod content;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use self::content::Content;
use super::disk::{Dice, TestDisk};
use super::{open, small};
use crate::{Change, Journal, JournalSettings, ListId, MemoryStore, Store, Target, Targets};

#[derive(Debug, Clone)]
enum Item {
    Add { list: u8, length: u16, expires: u8 },
    AddToAll { length: u16 },
    Remove { list: u8, which: u8 },
    RemoveFirst { list: u8 },
    Note { key: u8, value: u8 },
}

#[derive(Debug, Clone)]
enum Step {
    Define,
    DropList(u8),
    Batch(Vec<Item>),
    Commit,
    Maintain,
    Compare,
    Close,
    Kill,
    PowerLoss {
        seed: u64,
    },
    /// The process dies after so many operations on the disk, also while it recovers.
    Die {
        after: u8,
        again: Option<u8>,
        seed: u64,
    },
    /// The same, but the computer goes on.
    DieAlone {
        after: u8,
    },
}

fn items() -> impl Strategy<Value = Item> {
    prop_oneof![
        6 => (any::<u8>(), 0..700_u16, any::<u8>())
            .prop_map(|(list, length, expires)| Item::Add { list, length, expires }),
        1 => (0..300_u16).prop_map(|length| Item::AddToAll { length }),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(list, which)| Item::Remove { list, which }),
        3 => any::<u8>().prop_map(|list| Item::RemoveFirst { list }),
        1 => (0..4_u8, any::<u8>()).prop_map(|(key, value)| Item::Note { key, value }),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Define),
        1 => any::<u8>().prop_map(Step::DropList),
        20 => prop::collection::vec(items(), 1..6).prop_map(Step::Batch),
        8 => Just(Step::Commit),
        6 => Just(Step::Maintain),
        2 => Just(Step::Compare),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(|seed| Step::PowerLoss { seed }),
        2 => (any::<u8>(), prop::option::of(any::<u8>()), any::<u64>())
            .prop_map(|(after, again, seed)| Step::Die { after: after % 40, again, seed }),
        2 => (0..12_u8).prop_map(|after| Step::DieAlone { after }),
    ]
}

struct World {
    disk: Arc<TestDisk>,
    settings: JournalSettings,
    journal: Option<Journal>,
    /// Content after each batch since the last start.
    history: Vec<Content>,
    /// The same with all batches, and its names of our lists.
    model: MemoryStore,
    model_lists: BTreeMap<ListId, ListId>,
    /// Next position of each list as the records written so far demand.
    used: Vec<BTreeMap<ListId, u64>>,
    /// Bytes moved before the last start.
    moved_bytes: u64,
}

impl World {
    fn new(settings: JournalSettings) -> Self {
        let disk = TestDisk::new();
        let journal = Some(open(&disk, settings.clone()));
        Self {
            disk,
            settings,
            journal,
            history: vec![Content::default()],
            model: MemoryStore::new(),
            model_lists: BTreeMap::new(),
            used: vec![BTreeMap::new()],
            moved_bytes: 0,
        }
    }

    fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    fn last(&self) -> &Content {
        self.history.last().unwrap()
    }

    fn pick_list(&self, which: u8) -> Option<ListId> {
        let lists = &self.last().lists;
        let nth = usize::from(which) % lists.len().max(1);
        lists.keys().nth(nth).copied()
    }

    fn define(&mut self) {
        let descriptor = Bytes::from(format!("list {}", self.history.len()));
        let list = self.journal().define(descriptor.clone()).unwrap();
        let model = self.model.define(descriptor.clone()).unwrap();
        assert!(
            self.model_lists.insert(list, model).is_none(),
            "list {list} is new"
        );
        let mut content = self.last().clone();
        content.lists.insert(list, (descriptor, BTreeMap::new()));
        self.history.push(content);
        self.used.push(self.used.last().unwrap().clone());
    }

    fn drop_list(&mut self, which: u8) {
        let Some(list) = self.pick_list(which) else {
            return;
        };
        self.journal().drop_list(list).unwrap();
        self.model.drop_list(self.model_lists[&list]).unwrap();
        let mut content = self.last().clone();
        content.lists.remove(&list);
        self.history.push(content);
        let mut used = self.used.last().unwrap().clone();
        used.remove(&list);
        self.used.push(used);
    }

    fn batch(&mut self, items: &[Item]) {
        let mut content = self.last().clone();
        let mut used = self.used.last().unwrap().clone();
        let mut changes = Vec::new();
        let mut next: BTreeMap<ListId, (u64, u64)> = BTreeMap::new();
        for info in self.journal().lists() {
            next.insert(info.list, (info.next, info.order));
        }
        for item in items {
            let Some(change) = self.change(item, &content, &mut next) else {
                continue;
            };
            content.apply(&change);
            if let Change::Add { targets, .. } = &change {
                for target in targets.as_slice() {
                    used.insert(target.list, target.position + 1);
                }
            }
            changes.push(change);
        }
        let mut for_model: Vec<Change> = changes.iter().map(|one| self.translate(one)).collect();
        self.model.append(&mut for_model).unwrap();
        self.journal().append(&mut changes).unwrap();
        self.history.push(content);
        self.used.push(used);
    }

    fn change(
        &self,
        item: &Item,
        content: &Content,
        next: &mut BTreeMap<ListId, (u64, u64)>,
    ) -> Option<Change> {
        let mut target = |list: ListId| {
            let (position, order) = next.get_mut(&list).unwrap();
            let target = Target {
                list,
                position: *position,
                order: *order,
            };
            (*position, *order) = (*position + 1, *order + 3);
            target
        };
        let body = |length: u16| {
            let seed = self.history.len() as u8;
            Bytes::from(
                (0..length)
                    .map(|at| (at as u8).wrapping_mul(seed))
                    .collect::<Vec<u8>>(),
            )
        };
        Some(match item {
            Item::Add {
                list,
                length,
                expires,
            } => Change::Add {
                targets: Targets::One(target(self.pick_list(*list)?)),
                expiration_ms: if *expires < 128 {
                    0
                } else {
                    i64::from(*expires)
                },
                head: Bytes::from(vec![*expires; usize::from(*list) + 1]),
                body: body(*length),
            },
            Item::AddToAll { length } => Change::Add {
                targets: Targets::Many(content.lists.keys().map(|list| target(*list)).collect()),
                expiration_ms: 0,
                head: Bytes::new(),
                body: body(*length),
            },
            Item::Remove { list, which } => {
                let list = self.pick_list(*list)?;
                let records = &content.lists[&list].1;
                let nth = usize::from(*which) % records.len().max(1);
                Change::Remove {
                    list,
                    position: *records.keys().nth(nth)?,
                }
            }
            Item::RemoveFirst { list } => {
                let list = self.pick_list(*list)?;
                Change::Remove {
                    list,
                    position: *content.lists[&list].1.keys().next()?,
                }
            }
            Item::Note { key, value } => Change::Note {
                key: Bytes::from(vec![*key]),
                value: if *value < 100 {
                    Bytes::new()
                } else {
                    Bytes::from(vec![*value; 9])
                },
            },
        })
    }

    fn translate(&self, change: &Change) -> Change {
        match change.clone() {
            Change::Add {
                targets,
                expiration_ms,
                head,
                body,
            } => {
                let targets = targets.as_slice().iter().map(|target| Target {
                    list: self.model_lists[&target.list],
                    ..*target
                });
                Change::Add {
                    targets: Targets::Many(targets.collect()),
                    expiration_ms,
                    head,
                    body,
                }
            }
            Change::Remove { list, position } => Change::Remove {
                list: self.model_lists[&list],
                position,
            },
            note @ Change::Note { .. } => note,
        }
    }

    fn commit(&self) {
        while self.journal().commit_step() {}
    }

    fn maintain(&self) {
        while self.journal().maintain_step() {}
    }

    fn die(&self, after: u8) {
        self.disk.die_after(u64::from(after));
        self.commit();
        self.maintain();
        self.commit();
    }

    /// With everything committed, the journal is equal to the model.
    fn compare(&self) {
        self.commit();
        let journal = self.journal();
        assert_eq!(journal.durable() + 1, self.history.len() as u64);
        assert_eq!(&Content::of(journal), self.last());
        assert_eq!(journal.notes(), self.model.notes());
        let usage = journal.usage();
        assert_eq!(usage.queued_bytes, 0);
        let mut pending = 0;
        for info in journal.lists() {
            let list = self.model_lists[&info.list];
            let expected = self.model.list(list).unwrap();
            assert_eq!(info.pending, expected.pending);
            pending += info.pending;
            if expected.pending > 0 {
                // After a restart the model does not know what was removed behind the last record.
                assert_eq!(info.first, expected.first);
                assert!(info.next >= expected.next && info.order >= expected.order);
                assert!(info.pending_bytes > 0 || expected.pending_bytes < 2 * expected.pending);
            } else {
                assert_eq!((info.first, info.pending_bytes), (info.next, 0));
            }
            for (wall_ms, from, max) in [(127, 0, 9), (200, 0, 2), (200, info.first + 1, 9)] {
                let due = journal.expiring(info.list, wall_ms, from, max).unwrap();
                assert_eq!(due, self.model.expiring(list, wall_ms, from, max).unwrap());
            }
            let next_due = journal.next_expiration_ms(info.list);
            match self.model.next_expiration_ms(list) {
                Some(expected) => assert!(next_due.unwrap() <= expected),
                None => assert!(next_due.is_none_or(|at| at > 0)),
            }
        }
        assert!(pending > 0 || usage.live_bytes == 0, "{usage:?}");
    }

    /// A new process finds the disk in this state.
    fn restart(&mut self, disk: Arc<TestDisk>, dies: Option<(u8, &mut Dice)>) {
        let durable = usize::try_from(self.journal().durable()).unwrap();
        self.moved_bytes += self.journal().moved_bytes();
        self.journal = None;
        self.disk = disk;
        if let Some((after, dice)) = dies {
            self.disk.die_after(u64::from(after % 16));
            if let Ok(journal) = Journal::open(Arc::clone(&self.disk) as _, self.settings.clone()) {
                while journal.maintain_step() {}
            }
            self.disk = self.disk.after_power_loss(dice);
        }
        let journal = open(&self.disk, self.settings.clone());
        assert_eq!(journal.damaged_count(), 0);
        let found = Content::of(&journal);
        let reduced = found.clone().without_empty_lists();
        let place = (durable..self.history.len())
            .find(|place| self.history[*place].clone().without_empty_lists() == reduced);
        let Some(place) = place else {
            let last = self.history.len() - 1;
            panic!(
                "after batch {durable} to {last}, found {reduced:#?}\nexpected {:#?}\nto {:#?}",
                self.history[durable],
                self.last()
            );
        };
        for (list, next) in &self.used[durable] {
            let Some(info) = journal.list(*list) else {
                // Its removal was not durable, but may have survived.
                assert!(
                    !self.last().lists.contains_key(list),
                    "list {list} after {place}"
                );
                continue;
            };
            let may_be_cancelled = self.settings.cancel_removed_adds;
            assert!(
                may_be_cancelled || info.next >= *next,
                "{info:?} must go on at {next}"
            );
        }
        for info in journal.lists() {
            let records = &found.lists[&info.list].1;
            assert_eq!(info.pending, records.len() as u64);
            assert_eq!(
                info.first,
                records.keys().next().copied().unwrap_or(info.next)
            );
            assert!(
                records
                    .keys()
                    .next_back()
                    .is_none_or(|last| *last < info.next)
            );
        }
        self.begin(found);
        self.journal = Some(journal);
    }

    /// The model starts again from what was found.
    fn begin(&mut self, found: Content) {
        self.model = MemoryStore::new();
        self.model_lists.clear();
        let mut changes = Vec::new();
        for (list, (descriptor, records)) in &found.lists {
            let model = self.model.define(descriptor.clone()).unwrap();
            self.model_lists.insert(*list, model);
            for (position, (order, head, body)) in records {
                // The head says whether the record expires: see `change`.
                let expires = head.first().copied().unwrap_or(0);
                changes.push(Change::Add {
                    targets: Targets::One(Target {
                        list: model,
                        position: *position,
                        order: *order,
                    }),
                    expiration_ms: if expires < 128 { 0 } else { i64::from(expires) },
                    head: head.clone(),
                    body: body.clone(),
                });
            }
        }
        for (key, value) in &found.notes {
            changes.push(Change::Note {
                key: key.clone(),
                value: value.clone(),
            });
        }
        self.model.append(&mut changes).unwrap();
        self.history = vec![found];
        self.used = vec![BTreeMap::new()];
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Define => self.define(),
            Step::DropList(which) => self.drop_list(*which),
            Step::Batch(items) => self.batch(items),
            Step::Commit => self.commit(),
            Step::Maintain => self.maintain(),
            Step::Compare => self.compare(),
            Step::Close => {
                self.journal().close().unwrap();
                assert_eq!(self.journal().durable() + 1, self.history.len() as u64);
                let disk = self.disk.after_power_loss(&mut Dice(1));
                self.restart(disk, None);
            }
            Step::Kill => {
                let disk = self.disk.after_kill();
                self.restart(disk, None);
            }
            Step::PowerLoss { seed } => {
                let disk = self.disk.after_power_loss(&mut Dice(*seed));
                self.restart(disk, None);
            }
            Step::DieAlone { after } => {
                self.die(*after);
                let disk = self.disk.after_kill();
                self.restart(disk, None);
            }
            Step::Die { after, again, seed } => {
                self.die(*after);
                let mut dice = Dice(*seed);
                let disk = self.disk.after_power_loss(&mut dice);
                self.restart(disk, again.map(|after| (after, &mut dice)));
            }
        }
    }
}

/// Returns how many bytes were moved.
fn check(settings: JournalSettings, steps: &[Step]) -> u64 {
    let mut world = World::new(settings);
    world.define();
    for step in steps {
        world.step(step);
    }
    world.compare();
    world.moved_bytes + world.journal().moved_bytes()
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 600,
        max_shrink_iters: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

#[test]
fn journal_equals_the_model_while_records_are_moved() {
    let mut moved_bytes = 0;
    for sidecar_lag_segments in 0..2 {
        let settings = JournalSettings {
            limit_bytes: 6000,
            sidecar_lag_segments,
            ..small()
        };
        let moved = std::sync::atomic::AtomicU64::new(0);
        let config = ProptestConfig {
            cases: 300,
            ..config()
        };
        proptest!(config, |(steps in prop::collection::vec(steps(), 60..240))| {
            let bytes = check(settings.clone(), &steps);
            moved.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        });
        moved_bytes += moved.into_inner();
    }
    assert!(moved_bytes > 1_000_000, "{moved_bytes}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn journal_equals_the_model_after_any_crash(steps in prop::collection::vec(steps(), 1..120)) {
        check(JournalSettings { cancel_removed_adds: false, ..small() }, &steps);
    }

    #[test]
    fn journal_equals_the_model_with_cancelled_additions(
        steps in prop::collection::vec(steps(), 1..120),
    ) {
        check(small(), &steps);
    }

    #[test]
    fn journal_equals_the_model_with_lagging_sidecars(
        steps in prop::collection::vec(steps(), 1..120),
    ) {
        check(JournalSettings { sidecar_lag_segments: 3, ..small() }, &steps);
    }
}

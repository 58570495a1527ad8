//! All that a store holds, for comparing.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{Change, ListId, PageRequest, Store};

pub(super) type Record = (u64, Bytes, Bytes);

/// Content at one time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Content {
    pub(super) lists: BTreeMap<ListId, (Bytes, BTreeMap<u64, Record>)>,
    pub(super) notes: BTreeMap<Bytes, Bytes>,
}

impl Content {
    pub(super) fn of(store: &dyn Store) -> Self {
        let mut content = Self {
            notes: store.notes().into_iter().collect(),
            ..Self::default()
        };
        for info in store.lists() {
            let mut records = BTreeMap::new();
            let mut from = 0;
            loop {
                let request = PageRequest {
                    list: info.list,
                    from,
                    records_max: 3,
                    bytes_max: 900,
                };
                let page = store.page(request).unwrap();
                assert_eq!(page.damaged, 0);
                for one in &page.records {
                    records.insert(
                        one.position,
                        (one.order, one.head.clone(), one.body.clone()),
                    );
                }
                if page.records.is_empty() {
                    break;
                }
                from = page.next;
            }
            content.lists.insert(info.list, (info.descriptor, records));
        }
        content
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Add {
                targets,
                head,
                body,
                ..
            } => {
                for target in targets.as_slice() {
                    if let Some((_, records)) = self.lists.get_mut(&target.list) {
                        let record = (target.order, head.clone(), body.clone());
                        records.insert(target.position, record);
                    }
                }
            }
            Change::Remove { list, position } => {
                if let Some((_, records)) = self.lists.get_mut(list) {
                    records.remove(position);
                }
            }
            Change::Note { key, value } if value.is_empty() => {
                self.notes.remove(key);
            }
            Change::Note { key, value } => {
                self.notes.insert(key.clone(), value.clone());
            }
        }
    }

    /// Lists without records may be there or not: their definition says nothing.
    pub(super) fn without_empty_lists(mut self) -> Self {
        self.lists.retain(|_, (_, records)| !records.is_empty());
        self
    }
}

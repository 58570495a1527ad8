//! What the file says now against what the broker has: shown first, then made true.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use floodway_admin::{
    Changed, Difference, EntryDifference, LiveDifference, Reload, RestartDifference,
};
use floodway_broker::Broker;
use floodway_broker::live::{
    Adoption, PolicyTable, Setting, settings_of_entry, settings_of_usage, wanted_usage,
};
use floodway_broker::settings::{Cursor, PolicyEntry, SystemUsage};
use floodway_message::{Destination, DestinationKind, Now};

use super::{FileError, Found, LiveFile, State};
use crate::report::{Note, OutlineLine, Report, Severity};
use crate::settings::Settings;
use crate::value::quoted;

/// A change that everybody feels at once.
const NOW: &str = "now";
const LATER_CONSUMERS: &str = "new consumers";
const LATER_DESTINATIONS: &str = "new destinations";
/// What is not shown.
const SECRET: &str = "(not shown)";

/// What differs, and what would be made of it.
pub(super) struct Comparison {
    pub(super) shown: Difference,
    found: Found,
    /// Limits of the broker as the file alone would have them, and as they are to be.
    usage: (SystemUsage, SystemUsage),
}

impl LiveFile {
    /// Reads the file and compares.
    pub(super) fn compare(
        &self,
        state: &State,
        broker: &Broker,
        keep_live: bool,
    ) -> Result<Comparison, FileError> {
        let found = self.read()?;
        let (old, new) = (&state.settings, &found.loaded.settings);
        let is_changed = |name: &str| {
            let asked = |settings: &Settings| value_of(&settings.asked_usage, name);
            asked(old) != asked(new)
        };
        let base = &old.broker.usage;
        let live = broker.limits();
        let usage = |keep| wanted_usage((base, &live), (&new.broker.usage, is_changed), keep);
        let usage = (usage(false), usage(keep_live));
        let mut shown = Difference {
            file: self.name.clone(),
            entries: entries(broker, old, new),
            broker: Vec::new(),
            set_live: strays(broker, new, keep_live),
            restart: restart(&state.outline, &found.loaded.report.outline),
            warnings: warnings(&state.told, &found.loaded.report),
            ..Difference::default()
        };
        let mut own = Vec::new();
        let (live, wanted) = (settings_of_usage(&live), settings_of_usage(&usage.1));
        for (live, wanted) in live.into_iter().zip(wanted) {
            let change = change(live.name, (live.value, wanted.value), NOW);
            if is_changed(live.name) {
                shown.broker.extend(Some(change).filter(differs));
            } else if value_of(base, live.name).as_ref() != Some(&change.before) {
                own.push(change);
            }
        }
        if !own.is_empty() {
            let target = "broker".into();
            shown.set_live.insert(
                0,
                LiveDifference {
                    target,
                    changes: own,
                },
            );
        }
        shown.token = token(&shown, &found.bytes, keep_live);
        Ok(Comparison {
            shown,
            found,
            usage,
        })
    }

    /// Makes true what was shown.
    pub(super) fn read_again(
        &self,
        broker: &Broker,
        asked: &Reload<'_>,
        now: Now,
    ) -> Result<Difference, FileError> {
        let mut state = self.state();
        let comparison = self.compare(&state, broker, asked.keep_live)?;
        if comparison.shown.token != asked.token {
            return Err(FileError::Stale);
        }
        let found = comparison.found;
        let new = found.loaded.settings;
        let adoption = Adoption {
            policies: Arc::new(PolicyTable::new(&new.broker)),
            usage: Some(comparison.usage.1),
            keep_strays: asked.keep_live,
        };
        broker.adopt(&adoption, now);
        state.bytes = found.bytes;
        state.told = found.loaded.report.notes;
        let own = &mut state.settings;
        own.broker.policies = new.broker.policies;
        own.broker.default_policy = new.broker.default_policy;
        own.broker.usage = comparison.usage.0;
        own.asked_usage = new.asked_usage;
        Ok(Difference {
            applied: true,
            ..comparison.shown
        })
    }
}

fn value_of(usage: &SystemUsage, name: &str) -> Option<String> {
    let settings = settings_of_usage(usage).into_iter();
    let mut named = settings.filter(|one| one.name == name);
    named.next().map(|one| one.value)
}

fn change(name: &'static str, (before, after): (String, String), effect: &'static str) -> Changed {
    Changed {
        name,
        before,
        after,
        effect,
    }
}

fn differs(change: &Changed) -> bool {
    change.before != change.after
}

/// Which entry: kind and pattern; `None` is the one for all others.
type Key = Option<(DestinationKind, String)>;

fn key_of(entry: &PolicyEntry) -> (DestinationKind, String) {
    (entry.kind, entry.pattern.clone())
}

/// All entries, by what they are for.
fn by_key(settings: &Settings) -> BTreeMap<Key, &PolicyEntry> {
    let entries = settings.broker.policies.iter();
    let keyed = entries.map(|entry| (Some(key_of(entry)), entry));
    let default = (None, &settings.broker.default_policy);
    keyed.chain([default]).collect()
}

/// The key of the entry that a table gives a destination.
fn key_in(keys: &BTreeMap<Key, &PolicyEntry>, entry: &PolicyEntry) -> Key {
    // The fallback has a pattern, too, and is of no line.
    let key = Some(key_of(entry));
    let is_own = keys.get(&key).is_some_and(|own| own.line == entry.line);
    key.filter(|_| is_own && entry.line != 0)
}

fn entries(broker: &Broker, old: &Settings, new: &Settings) -> Vec<EntryDifference> {
    let (old_keys, new_keys) = (by_key(old), by_key(new));
    let tables = (PolicyTable::new(&old.broker), PolicyTable::new(&new.broker));
    let mut found = Vec::new();
    let keys: BTreeSet<&Key> = old_keys.keys().chain(new_keys.keys()).collect();
    for key in keys {
        let (was, is) = (old_keys.get(key), new_keys.get(key));
        let applied = |table: &PolicyTable| {
            let (kind, pattern) = key.as_ref()?;
            let all = Destination::new(*kind, pattern).ok()?;
            Some(PolicyEntry::clone(table.of(&all)))
        };
        let (what, changes) = match (was, is) {
            (Some(was), Some(is)) => ("changed", changes(was, is)),
            (None, Some(is)) => match applied(&tables.0) {
                Some(was) => ("added", changes(&was, is)),
                None => ("added", Vec::new()),
            },
            (Some(was), None) => match applied(&tables.1) {
                Some(is) => ("removed", changes(was, &is)),
                None => ("removed", Vec::new()),
            },
            (None, None) => continue,
        };
        if what == "changed" && changes.is_empty() {
            continue;
        }
        found.push(EntryDifference {
            target: match key {
                Some((kind, pattern)) => format!("{}{pattern}", kind.scheme()),
                None => "all others".into(),
            },
            line: is.map_or(0, |entry| entry.line),
            what,
            destinations: 0,
            changes,
        });
    }
    count(broker, (&tables.0, &old_keys), &mut found, true);
    count(broker, (&tables.1, &new_keys), &mut found, false);
    found.sort_by(|one, other| (one.line, &one.target).cmp(&(other.line, &other.target)));
    found
}

/// Counts the destinations of entries: of those that are `gone`, or of the others.
fn count(
    broker: &Broker,
    (table, keys): (&PolicyTable, &BTreeMap<Key, &PolicyEntry>),
    found: &mut [EntryDifference],
    gone: bool,
) {
    if !found.iter().any(|one| (one.what == "removed") == gone) {
        return;
    }
    let mut counts: HashMap<String, usize> = HashMap::new();
    for destination in broker.destinations() {
        let target = match key_in(keys, table.of(&destination)) {
            Some((kind, pattern)) => format!("{}{pattern}", kind.scheme()),
            None => "all others".into(),
        };
        *counts.entry(target).or_default() += 1;
    }
    for one in found
        .iter_mut()
        .filter(|one| (one.what == "removed") == gone)
    {
        one.destinations = counts.get(&one.target).copied().unwrap_or(0);
    }
}

/// What is another value in the second entry.
fn changes(was: &PolicyEntry, is: &PolicyEntry) -> Vec<Changed> {
    let settings = settings_of_entry(was)
        .into_iter()
        .zip(settings_of_entry(is));
    let settings = settings.map(|(was, is)| change(was.name, (was.value, is.value), NOW));
    let (was, is) = (parts(was), parts(is));
    let parts = was.into_iter().zip(is);
    let parts = parts.map(|((name, effect, was), (.., is))| change(name, (was, is), effect));
    let shortened = |one: Changed| Changed {
        before: quoted(&one.before),
        after: quoted(&one.after),
        ..one
    };
    let differing = settings.chain(parts).filter(differs);
    differing.map(shortened).collect()
}

/// What an entry says besides its settings: name, for whom a change counts, value.
fn parts(entry: &PolicyEntry) -> Vec<(&'static str, &'static str, String)> {
    let cursor = |cursor: Cursor| {
        match cursor {
            Cursor::Store => "store",
            Cursor::Memory => "memory",
            Cursor::File => "spool",
        }
        .to_owned()
    };
    let strategy = |text: &dyn std::fmt::Debug| format!("{text:?}");
    vec![
        (
            "pendingQueuePolicy",
            LATER_DESTINATIONS,
            cursor(entry.pending_queue_policy),
        ),
        (
            "pendingSubscriberPolicy",
            LATER_CONSUMERS,
            cursor(entry.pending_subscriber_policy),
        ),
        (
            "pendingDurableSubscriberPolicy",
            LATER_CONSUMERS,
            cursor(entry.pending_durable_subscriber_policy),
        ),
        (
            "prioritizedMessages",
            LATER_DESTINATIONS,
            entry.prioritized_messages.to_string(),
        ),
        (
            "subscriptionRecoveryPolicy",
            LATER_DESTINATIONS,
            strategy(&entry.subscription_recovery),
        ),
        (
            "pendingMessageLimitStrategy",
            LATER_CONSUMERS,
            strategy(&entry.pending_message_limit),
        ),
        (
            "messageEvictionStrategy",
            NOW,
            strategy(&entry.message_eviction),
        ),
        (
            "slowConsumerStrategy",
            LATER_CONSUMERS,
            strategy(&entry.slow_consumers),
        ),
        ("deadLetterStrategy", NOW, strategy(&entry.dead_letter)),
    ]
}

/// What was set on destinations while the broker ran, and what becomes of it.
fn strays(broker: &Broker, new: &Settings, keep_live: bool) -> Vec<LiveDifference> {
    let table = PolicyTable::new(&new.broker);
    let strays = broker.strays().into_iter().filter_map(|stray| {
        let target = stray.target?;
        let file = settings_of_entry(table.of(&target));
        let one = |setting: Setting| {
            let found = file.iter().find(|one| one.name == setting.name)?;
            let is_kept = keep_live && found.value == setting.before;
            let after = if is_kept {
                setting.value.clone()
            } else {
                found.value.clone()
            };
            // What the file says as well by now is no stray any more.
            let is_stray = is_kept || after != setting.value;
            is_stray.then(|| change(setting.name, (setting.value, after), NOW))
        };
        let changes: Vec<_> = stray.settings.into_iter().filter_map(one).collect();
        (!changes.is_empty()).then(|| LiveDifference {
            target: target.to_string(),
            changes,
        })
    });
    strays.collect()
}

/// Everything else that is not as it was at the start.
fn restart(was: &[OutlineLine], is: &[OutlineLine]) -> Vec<RestartDifference> {
    let by_subject = |lines: &'_ [OutlineLine]| {
        let pairs = lines
            .iter()
            .map(|line| (line.subject.clone(), line.clone()));
        pairs.collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (by_subject(was), by_subject(is));
    let subjects: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    let mut found = Vec::new();
    for subject in subjects {
        let (was, is) = (was.get(subject), is.get(subject));
        let value = |line: Option<&OutlineLine>| line.map(|line| line.value.clone());
        if value(was) == value(is) {
            continue;
        }
        let shown = |line: Option<&OutlineLine>| {
            line.map(|line| {
                if line.secret {
                    SECRET.to_owned()
                } else {
                    quoted(&line.value)
                }
            })
        };
        found.push(RestartDifference {
            line: is.or(was).map_or(0, |line| line.line),
            subject: subject.clone(),
            before: shown(was),
            after: shown(is),
        });
    }
    found.sort_by_key(|one| one.line);
    found
}

/// Warnings that were not told before, whatever their line was.
fn warnings(told: &[Note], report: &Report) -> Vec<String> {
    let is_new = |note: &&Note| {
        let is_same = |old: &Note| old.subject == note.subject && old.message == note.message;
        note.severity == Severity::Warning && !told.iter().any(is_same)
    };
    let new = report.notes().iter().filter(is_new);
    new.map(|note| format!("{}:{note}", report.file()))
        .collect()
}

/// Stands for what is shown, but not for how many destinations there are: they come and go.
fn token(shown: &Difference, bytes: &[u8], keep_live: bool) -> String {
    let mut counted = shown.clone();
    for one in &mut counted.entries {
        one.destinations = 0;
    }
    let mut hasher = DefaultHasher::new();
    (format!("{counted:?}"), bytes, keep_live).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

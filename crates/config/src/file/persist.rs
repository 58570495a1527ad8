//! Writing a change: the text is edited, read as at a start, compared with what was asked for,
//! and only then written.

use floodway_admin::{Persisted, PersistentChange, Written};
use floodway_broker::Broker;
use floodway_broker::live::{
    Adoption, PolicyTable, change_entry, change_usage, settings_of_entry, settings_of_usage,
};
use floodway_broker::settings::PolicyEntry;
use floodway_message::{Destination, DestinationKind};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FileError, Found, LiveFile, State, write};
use crate::edit::Edited;
use crate::settings::{Persistence, Settings};
use crate::{edit_text, load_text};

/// Settings as names and texts.
type Asked<'a> = &'a [(&'a str, &'a str)];

impl LiveFile {
    /// Writes a change into the file and makes it in the broker.
    pub(super) fn write_change(
        &self,
        broker: &Broker,
        change: &PersistentChange<'_>,
    ) -> Result<Persisted, FileError> {
        let &PersistentChange { target, asked, now } = change;
        let asked: Vec<(&str, &str)> = asked
            .iter()
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let asked = asked.as_slice();
        if let Some(target) = target {
            can_be_named(target)?;
        }
        let mut state = self.state();
        let found = self.read()?;
        if found.bytes != state.bytes {
            return Err(self.changed());
        }
        let (edited, after) = self.edit(&found, (target, asked))?;
        let bytes = encoded(&found, &edited.text);
        let is_same = |old: &[u8]| old == found.bytes;
        let replaced = write::replace(&self.path, &bytes, is_same);
        let replaced = replaced.map_err(|(action, cause)| FileError::System {
            file: self.name.clone(),
            action,
            cause,
        })?;
        let backup = replaced.ok_or_else(|| self.changed())?;
        state.bytes = bytes;
        state.follow(&after, (target, asked));
        let changed = broker.set(target, asked, now);
        let changed = changed.map_err(|cause| FileError::Live {
            file: self.name.clone(),
            cause,
        })?;
        let adoption = Adoption {
            policies: Arc::new(PolicyTable::new(&state.settings.broker)),
            usage: None,
            keep_strays: true,
        };
        broker.adopt(&adoption, now);
        Ok(Persisted {
            changed,
            written: Written {
                file: self.name.clone(),
                line: edited.line,
                how: edited.how,
                backup: backup.display().to_string(),
            },
        })
    }

    fn changed(&self) -> FileError {
        FileError::Changed {
            file: self.name.clone(),
        }
    }

    /// The changed text, and what a start would make of it.
    pub(super) fn edit(
        &self,
        found: &Found,
        (target, asked): (Option<&Destination>, Asked<'_>),
    ) -> Result<(Edited, Settings), FileError> {
        let not_as_asked = |what: String| FileError::NotAsAsked {
            file: self.name.clone(),
            what,
        };
        let file = (&*self.name, self.path.as_path());
        let text = (&*found.text, found.is_latin());
        let edited = edit_text(file, text, &found.options, (target, asked))?;
        let edited = edited.ok_or_else(|| not_as_asked("there would be no broker".into()))?;
        let after = load_text((&self.name, Some(&self.path)), &edited.text, &found.options)
            .map_err(|error| not_as_asked(format!("it would not load: {error}")))?
            .settings;
        let before = &found.loaded.settings;
        compare(before, &after, (target, asked)).map_err(not_as_asked)?;
        Ok((edited, after))
    }
}

impl State {
    /// The broker has what was written, and nothing else of what may have changed around it.
    fn follow(&mut self, after: &Settings, (target, asked): (Option<&Destination>, Asked<'_>)) {
        let old: BTreeMap<_, _> = std::mem::take(&mut self.settings.broker.policies)
            .into_iter()
            .map(|entry| ((entry.kind, entry.pattern.clone()), entry))
            .collect();
        let follow = |new: &PolicyEntry| {
            let is_target = target.is_some_and(|target| is_of(new, target));
            match old.get(&(new.kind, new.pattern.clone())) {
                Some(old) if !is_target => PolicyEntry {
                    line: new.line,
                    ..old.clone()
                },
                Some(_) | None => new.clone(),
            }
        };
        self.settings.broker.policies = after.broker.policies.iter().map(follow).collect();
        if target.is_none() {
            // What the table of settings takes it took when the change was checked.
            change_usage(&mut self.settings.broker.usage, asked).ok();
            change_usage(&mut self.settings.asked_usage, asked).ok();
        }
    }
}

impl Found {
    /// Not UTF-8: each byte is a character.
    fn is_latin(&self) -> bool {
        std::str::from_utf8(&self.bytes).is_err()
    }
}

/// A text in the encoding that the file has.
fn encoded(found: &Found, text: &str) -> Vec<u8> {
    if found.is_latin() {
        // New text is ASCII, and old text came from bytes.
        let byte = |one: char| u8::try_from(u32::from(one)).unwrap_or(b'?');
        return text.chars().map(byte).collect();
    }
    let mark = found.text.starts_with('\u{feff}').then_some('\u{feff}');
    mark.into_iter()
        .chain(text.chars())
        .collect::<String>()
        .into_bytes()
}

fn can_be_named(target: &Destination) -> Result<(), FileError> {
    let name = target.name();
    let why = if target.kind().is_temporary() {
        "it is temporary, and gone with its connection"
    } else if name.contains(',') {
        "a comma separates names there"
    } else if name.trim() != name {
        "blanks around a name have no meaning there"
    } else if ["queue://", "topic://"]
        .iter()
        .any(|one| name.starts_with(one))
    {
        "the name begins like an address"
    } else if name.contains("${") || name.contains("#{") {
        "the name has the form of a placeholder"
    } else {
        return Ok(());
    };
    Err(FileError::Unwritable {
        what: target.to_string(),
        why: why.into(),
    })
}

fn is_of(entry: &PolicyEntry, destination: &Destination) -> bool {
    entry.kind == destination.kind() && entry.pattern == destination.name()
}

/// Says what differs between the two besides what was asked for, or is not as asked for.
fn compare(
    before: &Settings,
    after: &Settings,
    (target, asked): (Option<&Destination>, Asked<'_>),
) -> Result<(), String> {
    let mut expected = before.clone();
    match target {
        Some(target) => compare_entry(before, after, (target, asked))?,
        None => {
            let broker = &mut expected.broker.usage;
            change_usage(broker, asked).map_err(|error| error.to_string())?;
            let wanted = settings_of_usage(&expected.broker.usage);
            for (wanted, found) in wanted.iter().zip(settings_of_usage(&after.broker.usage)) {
                if wanted.value != found.value {
                    return Err(format!(
                        "a start would have {} {} instead of {}: this machine has no more",
                        found.name, found.value, wanted.value
                    ));
                }
            }
        }
    }
    let without = |settings: &Settings| policies_text(settings, target);
    if without(before) != without(after) {
        return Err("other policy entries would differ".into());
    }
    if rest_text(&expected) != rest_text(after) {
        return Err("something else would differ".into());
    }
    Ok(())
}

fn compare_entry(
    before: &Settings,
    after: &Settings,
    (target, asked): (&Destination, Asked<'_>),
) -> Result<(), String> {
    let applies = |settings: &Settings| {
        let entry = PolicyTable::new(&settings.broker).of(target).clone();
        PolicyEntry::clone(&entry)
    };
    let mut wanted = applies(before);
    change_entry(&mut wanted, asked).map_err(|error| error.to_string())?;
    let found = applies(after);
    for (wanted, found) in settings_of_entry(&wanted)
        .iter()
        .zip(settings_of_entry(&found))
    {
        if wanted.value != found.value {
            return Err(format!(
                "{} of {target} would be {} instead of {}",
                found.name, found.value, wanted.value
            ));
        }
    }
    if entry_text(&wanted) == entry_text(&found) && is_of(&found, target) {
        Ok(())
    } else {
        Err(format!("another entry would apply to {target}"))
    }
}

/// An entry without its place.
fn entry_text(entry: &PolicyEntry) -> String {
    let placeless = PolicyEntry {
        line: 0,
        kind: DestinationKind::Queue,
        pattern: String::new(),
        ..entry.clone()
    };
    format!("{placeless:?}")
}

/// All entries but one, by pattern.
fn policies_text(settings: &Settings, target: Option<&Destination>) -> BTreeMap<String, String> {
    let others = settings.broker.policies.iter();
    let others = others.filter(|entry| target.is_none_or(|target| !is_of(entry, target)));
    let mut texts: BTreeMap<_, _> = others
        .map(|entry| {
            let key = format!("{}{}", entry.kind.scheme(), entry.pattern);
            (key, entry_text(entry))
        })
        .collect();
    texts.insert(String::new(), entry_text(&settings.broker.default_policy));
    texts
}

/// Everything but policies, without lines, and what follows from the broker's limits.
fn rest_text(settings: &Settings) -> String {
    let mut rest = settings.clone();
    rest.broker.policies.clear();
    rest.broker.default_policy.line = 0;
    rest.asked_usage = rest.broker.usage.clone();
    rest.spool.limit_bytes = 0;
    if let Persistence::Journal { settings, .. } = &mut rest.persistence {
        settings.limit_bytes = 0;
    }
    for connector in &mut rest.connectors {
        connector.transport.line = 0;
    }
    format!("{rest:?}")
}

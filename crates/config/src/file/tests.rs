use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use floodway_broker::live::{settings_of_entry, settings_of_usage};
use floodway_broker::settings::{PolicyEntry, SystemUsage};
use floodway_message::{Destination, DestinationKind};
use proptest::prelude::*;

use super::*;
use crate::Environment;

const NOW: Now = Now {
    monotonic_ms: 1,
    wall_ms: 1,
};
const TEXT: &str = r#"<broker xmlns="http://activemq.apache.org/schema/core" brokerName="${name:b}">
  <destinations><queue physicalName="A"/><queue physicalName="B"/><topic physicalName="T"/></destinations>
  <destinationPolicy><policyMap><policyEntries>
    <!-- queues -->
    <policyEntry queue=">" memoryLimit="1 mb"/>
    <policyEntry queue="B" memoryLimit="2 mb"/>
  </policyEntries></policyMap></destinationPolicy>
  <plugins><simpleAuthenticationPlugin><users>
    <authenticationUser username="u" password="hidden" groups="g"/>
  </users></simpleAuthenticationPlugin></plugins>
  <systemUsage><systemUsage><memoryUsage><memoryUsage limit="100 mb"/></memoryUsage></systemUsage></systemUsage>
  <transportConnectors><transportConnector name="stomp" uri="stomp://127.0.0.1:0"/></transportConnectors>
</broker>
"#;

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-config-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// A broker with its file.
struct Running {
    folder: Folder,
    file: LiveFile,
    broker: Arc<Broker>,
}

impl Running {
    fn start(text: &[u8]) -> Self {
        let folder = Folder::new();
        let path = folder.0.join("activemq.xml");
        fs::write(&path, text).unwrap();
        Self::start_on(folder, &path)
    }

    fn start_on(folder: Folder, path: &Path) -> Self {
        let options = Options {
            data_directory: None,
            admin: None,
            environment: Environment::fixed(&folder.0, 16 << 30, []),
        };
        let bytes = fs::read(path).unwrap();
        let text = document::decode(bytes.clone(), "a.xml").unwrap();
        let loaded = load_text(("a.xml", Some(path)), &text, &options);
        let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
        let broker = Broker::open(loaded.settings.broker.clone(), None, None, NOW).unwrap();
        let file = LiveFile::new(path, bytes, (&loaded, &options));
        Self {
            folder,
            file,
            broker,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.0.join("activemq.xml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    fn persist(&self, target: &str, asked: &[(&str, &str)]) -> Result<Persisted, String> {
        let target = (target != "broker").then(|| Destination::parse(target).unwrap());
        let change = PersistentChange {
            target: target.as_ref(),
            asked,
            now: NOW,
        };
        let persisted = self.file.persist(&self.broker, &change);
        persisted.map_err(|refusal| refusal.to_string())
    }

    fn live(&self, target: &str, name: &str) -> String {
        let target = (target != "broker").then(|| Destination::parse(target).unwrap());
        let settings = self.broker.settings_of(target.as_ref()).unwrap();
        let found = settings.into_iter().find(|one| one.name == name);
        found.unwrap().value
    }

    fn set(&self, target: &str, asked: &[(&str, &str)]) {
        let target = (target != "broker").then(|| Destination::parse(target).unwrap());
        self.broker.set(target.as_ref(), asked, NOW).unwrap();
    }

    fn shown(&self) -> Difference {
        self.file.difference(&self.broker, false).unwrap()
    }

    fn reload(&self, token: &str, keep_live: bool) -> Result<Difference, String> {
        let asked = Reload { token, keep_live };
        let made = self.file.reload(&self.broker, &asked, NOW);
        made.map_err(|refusal| refusal.to_string())
    }
}

fn lines(changes: &[floodway_admin::Changed]) -> Vec<String> {
    let line = |one: &floodway_admin::Changed| {
        format!("{} {} {} {}", one.name, one.before, one.after, one.effect)
    };
    changes.iter().map(line).collect()
}

#[test]
fn change_is_written_and_made_and_a_start_finds_it() {
    let running = Running::start(TEXT.as_bytes());
    let persisted = running
        .persist(
            "queue://A",
            &[("memoryLimit", "4mb"), ("useCache", "false")],
        )
        .unwrap();
    assert_eq!(persisted.written.line, 6);
    assert_eq!(running.live("queue://A", "memoryLimit"), "4194304");
    assert_eq!(
        running.text(),
        TEXT.replace(
            "memoryLimit=\"1 mb\"/>\n",
            "memoryLimit=\"1 mb\"/>\n    \
             <policyEntry queue=\"A\" memoryLimit=\"4mb\" useCache=\"false\"/>\n"
        )
    );
    let backup = fs::read_to_string(&persisted.written.backup).unwrap();
    assert_eq!(backup, TEXT);
    // The next one is in the new text, and is the copy's.
    let persisted = running
        .persist("queue://A", &[("memoryLimit", "5mb")])
        .unwrap();
    assert_eq!(persisted.written.line, 6);
    assert_eq!(running.text().matches("queue=\"A\"").count(), 1);
    // What the broker has is what the file says, so that a reload changes nothing.
    let shown = running.shown();
    assert!(shown.entries.is_empty(), "{shown:?}");
    assert!(shown.set_live.is_empty(), "{shown:?}");
    assert!(shown.restart.is_empty(), "{shown:?}");
}

#[test]
fn limits_of_the_broker_are_written_too() {
    let running = Running::start(TEXT.as_bytes());
    let asked = [("memoryLimit", "200mb"), ("sendFailIfNoSpace", "true")];
    let persisted = running.persist("broker", &asked).unwrap();
    assert_eq!(persisted.written.line, 11);
    assert_eq!(running.live("broker", "memoryLimit"), "209715200");
    assert!(running.text().contains("<memoryUsage limit=\"200mb\"/>"));
    assert!(running.shown().set_live.is_empty());
    let refused = running.persist("broker", &[("memoryLimit", "900gb")]);
    let refused = refused.unwrap_err();
    assert!(refused.contains("this machine has no more"), "{refused}");
    assert_eq!(running.live("broker", "memoryLimit"), "209715200");
}

/// Another value than this one.
fn other(kind: floodway_broker::live::Kind, value: &str) -> String {
    match (kind, value) {
        (floodway_broker::live::Kind::Truth, "true") => "false".into(),
        (floodway_broker::live::Kind::Truth, _) => "true".into(),
        _ => "77".into(),
    }
}

#[test]
fn every_setting_can_be_written() {
    let running = Running::start(TEXT.as_bytes());
    let entry = PolicyEntry::new(DestinationKind::Queue, ">");
    for one in settings_of_entry(&entry) {
        for target in ["queue://A", "queue://B", "topic://T"] {
            let value = other(one.kind, &running.live(target, one.name));
            let persisted = running.persist(target, &[(one.name, &value)]);
            persisted.unwrap_or_else(|error| panic!("{} of {target}: {error}", one.name));
            assert_eq!(running.live(target, one.name), value);
        }
    }
    for one in settings_of_usage(&SystemUsage::default()) {
        let value = other(one.kind, &running.live("broker", one.name));
        let persisted = running.persist("broker", &[(one.name, &value)]);
        persisted.unwrap_or_else(|error| panic!("{}: {error}", one.name));
        assert_eq!(running.live("broker", one.name), value);
    }
    let shown = running.shown();
    assert!(shown.set_live.is_empty(), "{shown:?}");
}

#[test]
fn file_that_somebody_changed_is_left_alone() {
    let running = Running::start(TEXT.as_bytes());
    let changed = TEXT.replace("1 mb", "3 mb");
    running.write(&changed);
    let refused = running.persist("queue://A", &[("memoryLimit", "4mb")]);
    let refused = refused.unwrap_err();
    assert!(refused.contains("has changed since"), "{refused}");
    assert_eq!(running.text(), changed);
    assert_eq!(running.live("queue://A", "memoryLimit"), "1048576");
    let token = running.shown().token;
    running.reload(&token, false).unwrap();
    running
        .persist("queue://A", &[("memoryLimit", "4mb")])
        .unwrap();
}

#[test]
fn nothing_is_made_when_the_file_cannot_be_written() {
    let running = Running::start(TEXT.as_bytes());
    let in_the_way = running.folder.0.join("activemq.xml.before");
    fs::create_dir(&in_the_way).unwrap();
    let refused = running.persist("queue://A", &[("memoryLimit", "4mb")]);
    let refused = refused.unwrap_err();
    assert!(refused.contains("activemq.xml.before"), "{refused}");
    assert_eq!(running.text(), TEXT);
    assert_eq!(running.live("queue://A", "memoryLimit"), "1048576");
    let left = fs::read_dir(&running.folder.0).unwrap().count();
    assert_eq!(left, 2, "temporary files are left");
}

#[test]
fn mode_and_symbolic_links_stay() {
    let folder = Folder::new();
    let real = folder.0.join("real.xml");
    fs::write(&real, TEXT).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.0.join("activemq.xml");
    symlink("real.xml", &link).unwrap();
    let running = Running::start_on(folder, &link);
    running
        .persist("queue://B", &[("memoryLimit", "4mb")])
        .unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(running.text().contains("queue=\"B\" memoryLimit=\"4mb\""));
    assert!(running.folder.0.join("real.xml.before").exists());
}

#[test]
fn encoding_stays() {
    let head = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!-- für alle -->\n";
    let text = format!("{head}{TEXT}");
    let latin: Vec<u8> = text
        .chars()
        .map(|one| u8::try_from(u32::from(one)).unwrap())
        .collect();
    let running = Running::start(&latin);
    running
        .persist("queue://B", &[("memoryLimit", "4mb")])
        .unwrap();
    let written = fs::read(running.path()).unwrap();
    let expected = String::from_utf8_lossy(&latin).replace("2 mb", "4mb");
    assert_eq!(String::from_utf8_lossy(&written), expected);
    assert_eq!(written.len(), latin.len() - 1);

    let running = Running::start(format!("\u{feff}{TEXT}").as_bytes());
    running
        .persist("queue://B", &[("memoryLimit", "4mb")])
        .unwrap();
    let expected = TEXT.replace("2 mb", "4mb");
    assert_eq!(running.text(), format!("\u{feff}{expected}"));
}

#[test]
fn names_that_an_entry_cannot_say_are_refused() {
    for name in ["a,b", "a${x}", " a"] {
        let text = TEXT.replace("<topic physicalName=\"T\"/>", "");
        let running = Running::start(text.as_bytes());
        let refused = running.persist(&format!("queue://{name}"), &[("memoryLimit", "4mb")]);
        let refused = refused.unwrap_err();
        assert!(refused.contains("cannot be written"), "{refused}");
    }
}

/// The text with an entry that changed, one that went and one that came, and more.
fn text_of_others() -> String {
    TEXT.replace(
        "\"1 mb\"/>",
        "\"3 mb\"><pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy></policyEntry>",
    )
    .replace(
        "    <policyEntry queue=\"B\" memoryLimit=\"2 mb\"/>\n",
        "    <policyEntry topic=\"T\" topicPrefetch=\"5\"/>\n",
    )
    .replace("limit=\"100 mb\"", "limit=\"150 mb\"")
    .replace("hidden", "other")
    .replace("127.0.0.1:0", "127.0.0.1:1")
}

#[test]
fn reload_shows_what_changed_and_for_whom() {
    let running = Running::start(TEXT.as_bytes());
    running.write(&text_of_others());
    let shown = running.shown();
    let entries: Vec<_> = shown
        .entries
        .iter()
        .map(|one| {
            let head = format!(
                "{} {} {} {}",
                one.target, one.line, one.what, one.destinations
            );
            (head, lines(&one.changes))
        })
        .collect();
    assert_eq!(
        entries,
        [
            (
                "queue://B 0 removed 1".to_owned(),
                vec![
                    "memoryLimit 2097152 3145728 now".to_owned(),
                    "pendingQueuePolicy store memory new destinations".to_owned()
                ]
            ),
            (
                "queue://> 5 changed 2".to_owned(),
                vec![
                    "memoryLimit 1048576 3145728 now".to_owned(),
                    "pendingQueuePolicy store memory new destinations".to_owned()
                ]
            ),
            (
                "topic://T 6 added 1".to_owned(),
                vec!["topicPrefetch 32767 5 now".to_owned()]
            ),
        ]
    );
    assert_eq!(
        lines(&shown.broker),
        ["memoryLimit 104857600 157286400 now"]
    );
    let restart = format!("{:?}", shown.restart);
    assert!(restart.contains("stomp://127.0.0.1:1"), "{restart}");
    assert!(
        restart.contains("authenticationUser u password"),
        "{restart}"
    );
    assert!(
        !restart.contains("hidden") && !restart.contains("other"),
        "{restart}"
    );
    assert_eq!(shown.restart.len(), 2, "{restart}");
}

#[test]
fn reload_makes_exactly_what_was_shown() {
    let running = Running::start(TEXT.as_bytes());
    running.write(&text_of_others());
    let shown = running.shown();
    assert_eq!(running.live("queue://A", "memoryLimit"), "1048576");

    assert!(
        running
            .reload("0", false)
            .unwrap_err()
            .contains("not what was shown")
    );
    let made = running.reload(&shown.token, false).unwrap();
    assert!(made.applied);
    assert_eq!(running.live("queue://A", "memoryLimit"), "3145728");
    assert_eq!(running.live("queue://B", "memoryLimit"), "3145728");
    assert_eq!(running.live("topic://T", "topicPrefetch"), "5");
    assert_eq!(running.live("broker", "memoryLimit"), "157286400");
    let shown = running.shown();
    assert!(
        shown.entries.is_empty() && shown.broker.is_empty(),
        "{shown:?}"
    );
    assert_eq!(shown.restart.len(), 2, "still waits for a restart");
}

#[test]
fn reload_undoes_what_was_set_live_unless_it_is_to_be_kept() {
    let running = Running::start(TEXT.as_bytes());
    running.set("queue://A", &[("memoryLimit", "9mb")]);
    running.set("broker", &[("memoryLimit", "90mb")]);
    let shown = running.shown();
    let live: Vec<_> = shown
        .set_live
        .iter()
        .map(|one| (one.target.as_str(), lines(&one.changes)))
        .collect();
    assert_eq!(
        live,
        [
            (
                "broker",
                vec!["memoryLimit 94371840 104857600 now".to_owned()]
            ),
            (
                "queue://A",
                vec!["memoryLimit 9437184 1048576 now".to_owned()]
            ),
        ]
    );
    let kept = running.file.difference(&running.broker, true).unwrap();
    assert_ne!(kept.token, shown.token);
    running.reload(&kept.token, true).unwrap();
    assert_eq!(running.live("queue://A", "memoryLimit"), "9437184");
    assert_eq!(running.live("broker", "memoryLimit"), "94371840");
    // Somebody sets something between look and reload.
    running.set("queue://B", &[("memoryLimit", "9mb")]);
    let stale = running.reload(&shown.token, false);
    assert!(stale.unwrap_err().contains("look again"));
    let token = running.shown().token;
    running.reload(&token, false).unwrap();
    assert_eq!(running.live("queue://A", "memoryLimit"), "1048576");
    assert_eq!(running.live("queue://B", "memoryLimit"), "2097152");
    assert_eq!(running.live("broker", "memoryLimit"), "104857600");
}

#[test]
fn reload_tells_what_the_file_newly_says_in_vain() {
    let running = Running::start(TEXT.as_bytes());
    assert!(running.shown().warnings.is_empty());
    running.write(&TEXT.replace("memoryLimit=\"2 mb\"", "memoryLimt=\"2 mb\""));
    let shown = running.shown();
    let warnings = shown.warnings.join("\n");
    assert!(warnings.contains("activemq.xml:6: warning: "), "{warnings}");
    assert!(warnings.contains("did you mean memoryLimit?"), "{warnings}");
    running.reload(&shown.token, false).unwrap();
    assert!(running.shown().warnings.is_empty());
}

#[test]
fn file_that_would_not_start_is_not_read_again() {
    let running = Running::start(TEXT.as_bytes());
    running.write(&TEXT.replace("1 mb", "much"));
    let refused = running.file.difference(&running.broker, false).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("\"much\" is not a size"), "{refused}");
    assert!(refused.contains("activemq.xml:5"), "{refused}");
}

/// Goal: a change of any file that starts a broker is written as asked, or refused. Method: each
/// file of the reference folder gets three changes, whose outcome the code itself compares with
/// the settings before; the count of refusals is printed.
#[test]
fn files_of_others_take_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/activemq-xml");
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: the folder ../shared/corpus/activemq-xml is not there");
        return;
    };
    let options = Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(&folder, 16 << 30, []),
    };
    let (mut written, mut refused) = (0, Vec::new());
    for entry in files {
        let path = entry.unwrap().path();
        let Ok(bytes) = document::read_bytes(&path, "a.xml") else {
            continue;
        };
        let Ok(text) = document::decode(bytes.clone(), "a.xml") else {
            continue;
        };
        let Ok(loaded) = load_text(("a.xml", Some(&path)), &text, &options) else {
            continue;
        };
        let file = LiveFile::new(&path, bytes, (&loaded, &options));
        let found = file.read().unwrap();
        let queue = Destination::parse("queue://SOME.QUEUE").unwrap();
        let topic = Destination::parse("topic://SOME.TOPIC").unwrap();
        for target in [None, Some(&queue), Some(&topic)] {
            match file.edit(&found, (target, &[("memoryLimit", "3mb")])) {
                Ok((edited, _)) => {
                    written += 1;
                    let kept = text.lines().filter(|line| edited.text.contains(line));
                    let lost = text.lines().count() - kept.count();
                    assert!(lost <= 2, "{}: {lost} lines changed", path.display());
                }
                Err(error) => refused.push(format!("{}: {error}", path.display())),
            }
        }
    }
    println!(
        "{written} changes written, {} refused: {refused:#?}",
        refused.len()
    );
    assert!(
        written > 100 && refused.len() * 20 < written,
        "{refused:#?}"
    );
}

/// Pieces that a file may have between attributes and elements.
const BLANKS: &str = "( |\\n|\\r\\n|\\t){1,4}";
const BETWEEN: &str = "( |\\n|\\r\\n|<!-- [a-z<> =\"']{0,9} -->){0,4}";

proptest! {
    /// Goal: whatever a file looks like and a queue is called, a change is made exactly or refused,
    /// and nobody panics. Method: entries with blanks, quotes and comments of all kinds; the code
    /// compares the settings, and this the text: without the new entry it is what it was.
    #[test]
    fn any_layout_takes_any_name_or_refuses(
        blanks in BLANKS,
        between in proptest::collection::vec(BETWEEN, 5),
        quote in "['\"]",
        pattern in "(>|A|A\\.>|A,B|\\*)",
        name in "([A-C.]|[ -~]|ü|\\u{1}){1,8}",
        value in "(true|false)",
    ) {
        let [first, second, third, fourth, fifth] = &between[..] else {
            return Ok(());
        };
        let text = format!(
            "<broker>{first}<destinationPolicy><policyMap><policyEntries>{second}<policyEntry\
             {blanks}queue={quote}{pattern}{quote}{blanks}useCache = {quote}true{quote}{blanks}>\
             {third}</policyEntry>{fourth}</policyEntries></policyMap></destinationPolicy>{fifth}\
             <transportConnectors><transportConnector uri='stomp://localhost:1'/>\
             </transportConnectors></broker>"
        );
        let options = crate::testing::options();
        let path = Path::new("/amq/conf/a.xml");
        let Ok(loaded) = load_text(("a.xml", Some(path)), &text, &options) else {
            return Ok(());
        };
        let Ok(queue) = Destination::new(DestinationKind::Queue, &name) else {
            return Ok(());
        };
        let file = LiveFile::new(path, Vec::new(), (&loaded, &options));
        let found = Found { bytes: text.clone().into_bytes(), text: text.clone(), loaded, options };
        if let Ok((edited, after)) = file.edit(&found, (Some(&queue), &[("useCache", &value)])) {
            let table = floodway_broker::live::PolicyTable::new(&after.broker);
            prop_assert_eq!(table.of(&queue).use_cache.to_string(), value);
            // Only put in, or only between the quotes of a value.
            let same = text.bytes().zip(edited.text.bytes()).take_while(|(a, b)| a == b).count();
            let rest = text.len() - same;
            let tail = text.bytes().rev().zip(edited.text.bytes().rev()).take(rest);
            let tail = tail.take_while(|(a, b)| a == b).count();
            prop_assert!(rest - tail <= "false".len(), "{}\n{}", text, edited.text);
        }
    }
}

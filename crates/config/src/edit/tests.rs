use std::path::Path;

use floodway_message::Destination;

use super::Edited;
use crate::edit_text;
use crate::testing::{load_xml, options};

fn edited(text: &str, target: &str, asked: &[(&str, &str)]) -> Edited {
    let target = (target != "broker").then(|| Destination::parse(target).unwrap());
    let file = ("a.xml", Path::new("/amq/conf/a.xml"));
    let change = (target.as_ref(), asked);
    let edited = edit_text(file, (text, false), &options(), change);
    let edited = edited.unwrap().unwrap();
    load_xml(&edited.text).unwrap_or_else(|error| panic!("{error}\n{}", edited.text));
    edited
}

/// The text of `change` without the lines that differ from `text`, and those lines.
fn lines_changed(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (before, after): (Vec<_>, Vec<_>) = (
        before.split_inclusive('\n').collect(),
        after.split_inclusive('\n').collect(),
    );
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = before.iter().zip(&after).take_while(same).count();
    let left = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev());
    let tail = tail.take(left).take_while(same).count();
    let middle = |lines: &[&str]| {
        let middle = lines.get(head..lines.len() - tail).unwrap();
        middle.iter().map(|line| (*line).to_owned()).collect()
    };
    (middle(&before), middle(&after))
}

#[track_caller]
fn check(text: &str, (target, asked): (&str, &[(&str, &str)]), (old, new): (&str, &str)) {
    let edited = edited(text, target, asked);
    let (before, after) = lines_changed(text, &edited.text);
    assert_eq!((&*before.concat(), &*after.concat()), (old, new));
}

const FILE: &str = r#"<?xml version="1.0"?>
<!-- Ours. Do not touch & keep. -->
<beans xmlns="http://www.springframework.org/schema/beans">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="${name:shop}">
    <destinationPolicy>
      <policyMap>
        <policyEntries>
          <!-- all -->
          <policyEntry queue=">"   memoryLimit='1mb'
                       useCache="true" > <!-- why -->
            <pendingQueuePolicy> <vmQueueCursor /> </pendingQueuePolicy>
          </policyEntry> <!-- end of all -->
          <policyEntry queue="OWN" memoryLimit = '1 mb' topicPrefetch="${prefetch:7}"/>
          <policyEntry queue="ONE,TWO" topic="T.>" id="both"/>
          <policyEntry useCache='false'><destination><queue physicalName="D.>"/></destination></policyEntry>
        </policyEntries>
      </policyMap>
    </destinationPolicy>
    <transportConnectors>
      <transportConnector name="s" uri="stomp://127.0.0.1:0?a=1&amp;transport.tcpNoDelay=true"/>
    </transportConnectors>
  </broker>
</beans>
"#;

fn file() -> String {
    FILE.replace("a=1&amp;", "")
}

#[test]
fn own_entry_changes_between_its_quotes() {
    check(
        &file(),
        ("queue://OWN", &[("memoryLimit", "256mb")]),
        (
            "          <policyEntry queue=\"OWN\" memoryLimit = '1 mb' topicPrefetch=\"${prefetch:7}\"/>\n",
            "          <policyEntry queue=\"OWN\" memoryLimit = '256mb' topicPrefetch=\"${prefetch:7}\"/>\n",
        ),
    );
    let line = edited(&file(), "queue://OWN", &[("memoryLimit", "2mb")]).line;
    assert_eq!(line, 13);
}

#[test]
fn what_the_own_entry_lacks_comes_behind_its_last_attribute() {
    check(
        &file(),
        (
            "queue://OWN",
            &[("useCache", "false"), ("queuePrefetch", "5")],
        ),
        (
            "          <policyEntry queue=\"OWN\" memoryLimit = '1 mb' topicPrefetch=\"${prefetch:7}\"/>\n",
            "          <policyEntry queue=\"OWN\" memoryLimit = '1 mb' topicPrefetch=\"${prefetch:7}\" \
             useCache=\"false\" queuePrefetch=\"5\"/>\n",
        ),
    );
}

#[test]
fn entry_that_applies_is_copied_with_its_children_behind_it() {
    let text = file();
    let edited = edited(
        &text,
        "queue://A&B",
        &[("memoryLimit", "3mb"), ("useCache", "false")],
    );
    let (before, after) = lines_changed(&text, &edited.text);
    assert!(before.is_empty(), "{before:?}");
    assert_eq!(
        after.concat(),
        r#"          <policyEntry queue="A&amp;B"   memoryLimit='3mb'
                       useCache="false" > <!-- why -->
            <pendingQueuePolicy> <vmQueueCursor /> </pendingQueuePolicy>
          </policyEntry>
"#
    );
    assert_eq!(edited.line, 13);
    assert!(edited.how.contains("line 9 copied"), "{}", edited.how);
}

#[test]
fn copy_of_an_entry_for_several_names_one() {
    let text = file();
    check(
        &text,
        ("queue://TWO", &[("memoryLimit", "3mb")]),
        (
            "",
            "          <policyEntry queue=\"TWO\" memoryLimit=\"3mb\"/>\n",
        ),
    );
    check(
        &text,
        ("topic://T.X", &[("memoryLimit", "3mb")]),
        (
            "",
            "          <policyEntry topic=\"T.X\" memoryLimit=\"3mb\"/>\n",
        ),
    );
    check(
        &text,
        ("queue://D.E", &[("memoryLimit", "3mb")]),
        (
            "",
            "          <policyEntry queue=\"D.E\" useCache='false' memoryLimit='3mb'></policyEntry>\n",
        ),
    );
}

#[test]
fn lines_keep_their_ends() {
    let text = file().replace('\n', "\r\n");
    let edited = edited(&text, "queue://NEW", &[("memoryLimit", "3mb")]);
    let feeds = edited.text.matches('\n').count();
    assert_eq!(edited.text.matches("\r\n").count(), feeds);
    let (before, after) = lines_changed(&text, &edited.text);
    assert_eq!((before.len(), after.len()), (0, 4));
}

#[test]
fn entry_without_one_that_applies_is_added_at_the_end() {
    let text = file();
    check(
        &text,
        ("topic://NEW", &[("memoryLimit", "3mb")]),
        (
            "",
            "          <policyEntry topic=\"NEW\" memoryLimit=\"3mb\"/>\n",
        ),
    );
    let entries = "<policyEntries><policyEntry queue='X'/></policyEntries>";
    let with = |policies: &str| {
        format!(
            "<b:beans xmlns:b='http://www.springframework.org/schema/beans'>\n\
             <amq:broker xmlns:amq='http://activemq.apache.org/schema/core'>\n\
             {policies}\
             \u{20} <amq:transportConnectors><amq:transportConnector uri='stomp://localhost:1'/>\
             </amq:transportConnectors>\n</amq:broker></b:beans>\n"
        )
    };
    let amq = |text: &str| text.replace("</", "</amq:").replace('<', "<amq:");
    let amq = |text: &str| amq(text).replace("<amq:/amq:", "</amq:");
    let added = "<policyEntry queue=\"NEW\" useCache=\"false\"/>";
    for (before, after) in [
        (
            String::new(),
            format!(
                "<destinationPolicy><policyMap><policyEntries>{added}</policyEntries></policyMap>\
                 </destinationPolicy>"
            ),
        ),
        (
            "<destinationPolicy><policyMap/></destinationPolicy>".into(),
            format!(
                "<destinationPolicy><policyMap>|{SPACE}<policyEntries>{added}</policyEntries>|\
                 </policyMap></destinationPolicy>"
            ),
        ),
        (
            format!("<destinationPolicy><policyMap>{entries}</policyMap></destinationPolicy>"),
            format!(
                "<destinationPolicy><policyMap>{}</policyMap></destinationPolicy>",
                entries.replace("</policyEntries>", &format!("{added}</policyEntries>"))
            ),
        ),
    ] {
        let before = if before.is_empty() {
            before
        } else {
            format!("  {}\n", amq(&before))
        };
        let text = with(&before);
        let edited = edited(&text, "queue://NEW", &[("useCache", "false")]);
        let after = after.replace(&format!("|{SPACE}"), "").replace('|', "");
        assert_eq!(edited.text, with(&format!("  {}\n", amq(&after))));
    }
}

/// Where an element of its own line would be.
const SPACE: &str = "    ";

#[test]
fn default_entry_is_copied_where_no_other_applies() {
    let text = r#"<broker>
  <destinationPolicy><policyMap>
    <policyEntries>
    </policyEntries>
    <defaultEntry><policyEntry queue=">" memoryLimit="5mb"/></defaultEntry>
  </policyMap></destinationPolicy>
  <transportConnectors><transportConnector uri="stomp://localhost:1"/></transportConnectors>
</broker>"#;
    check(
        text,
        ("queue://A", &[("useCache", "false")]),
        (
            "",
            "        <policyEntry queue=\"A\" memoryLimit=\"5mb\" useCache=\"false\"/>\n",
        ),
    );
}

#[test]
fn historic_spelling_stays() {
    let text = file().replace("useCache=\"true\"", "inactiveTimoutBeforeGC=\"9\"");
    let text = text.replace("queue=\">\"", "queue=\"A\"");
    check(
        &text,
        ("queue://A", &[("inactiveTimeoutBeforeGC", "7")]),
        (
            "                       inactiveTimoutBeforeGC=\"9\" > <!-- why -->\n",
            "                       inactiveTimoutBeforeGC=\"7\" > <!-- why -->\n",
        ),
    );
}

/// A broker with these lines of its own.
fn broker(inside: &str) -> String {
    format!(
        "<broker>\n{inside}  <transportConnectors><transportConnector uri='stomp://localhost:1'/>\
         </transportConnectors>\n</broker>\n"
    )
}

#[test]
fn limits_of_the_broker_change_where_they_stand() {
    let text = broker(
        "  <systemUsage>\n    <systemUsage>\n\
         \u{20}     <memoryUsage> <memoryUsage percentOfJvmHeap='70' /> </memoryUsage>\n\
         \u{20}     <storeUsage><storeUsage limit=\"1 gb\" percentLimit='5'/></storeUsage>\n\
         \u{20}     <tempUsage/>\n\
         \u{20}   </systemUsage>\n  </systemUsage>\n",
    );
    check(
        &text,
        ("broker", &[("memoryLimit", "64mb")]),
        (
            "      <memoryUsage> <memoryUsage percentOfJvmHeap='70' /> </memoryUsage>\n",
            "      <memoryUsage> <memoryUsage limit='64mb' /> </memoryUsage>\n",
        ),
    );
    check(
        &text,
        ("broker", &[("storeLimit", "2gb")]),
        (
            "      <storeUsage><storeUsage limit=\"1 gb\" percentLimit='5'/></storeUsage>\n",
            "      <storeUsage><storeUsage limit=\"2gb\"/></storeUsage>\n",
        ),
    );
    check(
        &text,
        (
            "broker",
            &[("sendFailIfNoSpace", "true"), ("jobSchedulerLimit", "1gb")],
        ),
        (
            "    <systemUsage>\n\
             \u{20}     <memoryUsage> <memoryUsage percentOfJvmHeap='70' /> </memoryUsage>\n\
             \u{20}     <storeUsage><storeUsage limit=\"1 gb\" percentLimit='5'/></storeUsage>\n\
             \u{20}     <tempUsage/>\n",
            "    <systemUsage sendFailIfNoSpace=\"true\">\n\
             \u{20}     <memoryUsage> <memoryUsage percentOfJvmHeap='70' /> </memoryUsage>\n\
             \u{20}     <storeUsage><storeUsage limit=\"1 gb\" percentLimit='5'/></storeUsage>\n\
             \u{20}     <tempUsage/>\n\
             \u{20}     <jobSchedulerUsage><jobSchedulerUsage limit=\"1gb\"/></jobSchedulerUsage>\n",
        ),
    );
}

#[test]
fn limits_that_stand_nowhere_are_added_by_name() {
    check(
        &broker("  <destinations/>\n"),
        (
            "broker",
            &[
                ("memoryLimit", "64mb"),
                ("sendFailIfNoSpaceAfterTimeout", "5"),
            ],
        ),
        (
            "",
            "  <systemUsage><systemUsage sendFailIfNoSpaceAfterTimeout=\"5\"><memoryUsage>\
             <memoryUsage limit=\"64mb\"/></memoryUsage></systemUsage></systemUsage>\n",
        ),
    );
}

#[test]
fn usage_manager_of_activemq_4_takes_the_memory_limit() {
    check(
        &broker("  <memoryManager><usageManager id='m' limit='20 MB'/></memoryManager>\n"),
        (
            "broker",
            &[("memoryLimit", "64mb"), ("sendFailIfNoSpace", "true")],
        ),
        (
            "  <memoryManager><usageManager id='m' limit='20 MB'/></memoryManager>\n",
            "  <memoryManager><usageManager id='m' limit='64mb' sendFailIfNoSpace='true'/>\
             </memoryManager>\n",
        ),
    );
}

#[test]
fn what_ascii_cannot_say_is_written_as_references() {
    let target = Destination::parse("queue://Bücher\"<").unwrap();
    let file = ("a.xml", Path::new("/amq/conf/a.xml"));
    let asked = [("useCache", "false")];
    let edited = edit_text(
        file,
        (&broker(""), true),
        &options(),
        (Some(&target), &asked),
    );
    let text = edited.unwrap().unwrap().text;
    assert!(text.contains("queue=\"B&#252;cher&quot;&lt;\""), "{text}");
}

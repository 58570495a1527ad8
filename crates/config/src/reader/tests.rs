use proptest::prelude::*;

use crate::testing::{load_xml, loaded, notes};
use crate::{Disposition, Severity};

#[test]
fn unknown_elements_and_attributes_are_told_with_the_nearest_name() {
    let told = notes(
        "brokerNam='x'",
        "<destinationPolicie/>\n<nonsense><broker/></nonsense>",
    );
    for part in [
        "1: warning: broker brokerNam: is not known and has no effect; did you mean brokerName?",
        "2: warning: destinationPolicie: is not known and has no effect; did you mean <destinationPolicy>?",
        "3: warning: nonsense: is not known and has no effect; remove it",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn known_ones_without_effect_are_told_apart_from_unknown_ones() {
    let told = notes(
        "useMirroredQueues='true' rejectDurableConsumers='true'",
        "<networkConnectors>\n\
        <networkConnector uri='static:(tcp://h:1)' duplexx='true'/></networkConnectors>",
    );
    for part in [
        "warning: broker useMirroredQueues: mirrored queues, and bridges that follow virtual",
        "warning: broker rejectDurableConsumers: is known to ActiveMQ but has no effect here yet",
        "2: warning: networkConnectors: network connectors are not built yet",
        "3: warning: networkConnector duplexx: is not known and has no effect; did you mean duplex?",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_default_value_without_effect_is_only_information() {
    let told = notes(
        "rejectDurableConsumers='false' useMirroredQueues='false'",
        "",
    );
    assert_eq!(told.matches("info: ").count(), 2, "{told}");
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn references_to_elements_elsewhere_are_told() {
    let told = notes("destinationPolicy='#mine'", "");
    assert!(
        told.contains("warning: broker destinationPolicy: is written elsewhere"),
        "{told}"
    );
    let told = notes("messageAuthorizationPolicy='#mine'", "");
    assert!(
        told.contains("error: broker messageAuthorizationPolicy"),
        "{told}"
    );
}

#[test]
fn a_file_full_of_unknown_names_is_read_quickly() {
    let unknown: String = (0..20_000)
        .map(|n| format!("<policyEntri{n} a='b'/>"))
        .collect();
    let told = notes("", &unknown);
    assert_eq!(told.matches("is not known").count(), 20_000);
    assert_eq!(told.matches("did you mean").count(), 100);
}

#[test]
fn what_belongs_to_spring_is_only_information() {
    let told = notes("depends-on='x' init-method='y'", "");
    assert_eq!(told.matches("info: broker").count(), 2, "{told}");
}

#[test]
fn stray_text_is_told_with_its_line() {
    let told = notes("", "<destinationPolicy>\n\n leftover </destinationPolicy>");
    assert!(
        told.contains("4: warning: destinationPolicy: the text \"leftover\" inside"),
        "{told}"
    );
}

#[test]
fn every_element_and_attribute_is_accounted_for() {
    let found = loaded(
        "id='b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a b'
         brokerName='x' useJmx='true'",
        "<networkConnectors><networkConnector uri='u'/></networkConnectors>",
    );
    let of = |name: &str| {
        let account = found
            .report
            .accounts()
            .iter()
            .find(|account| account.name == name)
            .unwrap();
        (account.disposition, account.note.is_some())
    };
    assert_eq!(of("broker@id"), (Disposition::Used, false));
    assert_eq!(of("broker@schemaLocation"), (Disposition::Used, false));
    assert_eq!(of("broker@brokerName"), (Disposition::Used, false));
    assert_eq!(of("broker@useJmx"), (Disposition::Ignored, true));
    assert_eq!(of("networkConnector@uri"), (Disposition::Ignored, true));
    assert_eq!(found.report.accounts().len(), 11);
}

#[test]
fn an_undefined_placeholder_is_an_error_with_its_line() {
    let told = notes("\nbrokerName='${my.name}'", "");
    assert!(
        told.contains("2: error: broker brokerName: \"${my.name}\" is not defined; set MY_NAME"),
        "{told}"
    );
}

#[test]
fn all_errors_are_told_at_once() {
    let error = load_xml(&crate::testing::broker(
        "persistent='perhaps' schedulePeriodForDestinationPurge='soon'",
        "",
    ))
    .unwrap_err();
    assert_eq!(error.report().unwrap().count(Severity::Error), 2);
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
}

/// Pieces that make texts which come close to a configuration.
fn fragment() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "<beans>",
        "</beans>",
        "<broker>",
        "</broker>",
        "<broker ",
        ">",
        "/>",
        "<policyEntry ",
        "queue='>'",
        "memoryLimit='1 mb'",
        "<systemUsage>",
        "</systemUsage>",
        "<memoryUsage>",
        "</memoryUsage>",
        "<memoryUsage limit='64mb'/>",
        "<transportConnectors>",
        "</transportConnectors>",
        "<transportConnector uri='stomp://h:1?a=b'/>",
        "${a:b}",
        "${",
        "<destinationPolicy>",
        "</destinationPolicy>",
        "<policyMap>",
        "</policyMap>",
        "<policyEntries>",
        "</policyEntries>",
        "<bean class='x'/>",
        "text",
        "&amp;",
        "&",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "\n",
        "é",
        "persistent='false'",
        "<plugins>",
        "</plugins>",
        "<persistenceAdapter>",
        "</persistenceAdapter>",
        "<kahaDB directory='x'/>",
    ])
    .prop_map(String::from)
}

proptest! {
    #[test]
    fn any_text_is_loaded_or_refused(pieces in prop::collection::vec(fragment(), 0..40)) {
        let _result = load_xml(&pieces.concat());
    }

    #[test]
    fn any_attributes_are_loaded_or_refused(
        name in "[a-zA-Z]{1,12}",
        value in "[^<&'\"\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]{0,30}",
    ) {
        let text = crate::testing::broker(&format!("{name}='{value}'"), "");
        let _result = load_xml(&text);
    }
}

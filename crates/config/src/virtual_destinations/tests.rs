use super::*;
use crate::testing::{loaded, notes};

fn rules(attributes: &str, inside: &str) -> Vec<VirtualDestination> {
    loaded(attributes, inside)
        .settings
        .broker
        .virtual_destinations
}

fn intercepted(inside: &str) -> String {
    format!(
        "<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>\n{inside}\n\
         </virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>"
    )
}

#[test]
fn virtual_topics_are_usual() {
    let [
        VirtualDestination::Topic {
            pattern, prefix, ..
        },
    ] = &rules("", "")[..]
    else {
        panic!("another rule");
    };
    assert_eq!(
        (pattern.as_str(), prefix.as_str()),
        ("VirtualTopic.>", "Consumer.*.")
    );
    assert!(rules("useVirtualTopics='false'", "").is_empty());
}

#[test]
fn what_the_file_says_replaces_the_usual_rule() {
    let text = intercepted(
        "<virtualTopic name='>' prefix='C.*.'/>
         <compositeQueue name='A' forwardOnly='false'><forwardTo>
           <queue physicalName='B'/>
           <filteredDestination selector=\"odd = 'yes'\" topic='T'/>
         </forwardTo></compositeQueue>",
    );
    let found = rules("", &text);
    let [
        VirtualDestination::Topic {
            pattern,
            prefix,
            postfix,
        },
        VirtualDestination::Composite {
            destination,
            forward_to,
            forward_only,
        },
    ] = &found[..]
    else {
        panic!("{found:?}");
    };
    assert_eq!(
        (pattern.as_str(), prefix.as_str(), postfix.as_str()),
        (">", "C.*.", "")
    );
    assert_eq!(destination.to_string(), "queue://A");
    assert!(!forward_only);
    let targets: Vec<String> = forward_to
        .iter()
        .map(|one| one.destination.to_string())
        .collect();
    assert_eq!(targets, ["queue://B", "topic://T"]);
}

#[test]
fn what_would_lose_messages_is_refused_with_its_line() {
    let text = intercepted("<compositeTopic name='A'/>");
    let told = notes("", &text);
    assert!(told.contains("forwards nowhere"), "{told}");
    let text = intercepted(
        "<compositeTopic name='A'><forwardTo><queue physicalName='B.>'/></forwardTo></compositeTopic>",
    );
    let told = notes("", &text);
    assert!(told.contains("no target to forward to"), "{told}");
}

use super::*;
use crate::schema::Schema;

#[test]
fn advice_is_only_about_names_that_activemq_knows() {
    let schema = Schema::shared();
    let spelled_right_later = ["doOptimizeMessageStorage", "createConnector", "adminView"];
    for (element, attributes, ..) in ATTRIBUTES {
        let known = schema
            .element(element)
            .unwrap_or_else(|| panic!("{element}"));
        for attribute in *attributes {
            assert!(
                known.has_attribute(attribute)
                    || schema.is_property(attribute)
                    || spelled_right_later.contains(attribute),
                "{element} {attribute}"
            );
        }
    }
    for (names, ..) in ELEMENTS {
        for name in *names {
            let known = schema.element(name).is_some() || schema.is_property(name);
            assert!(known || *name == "description", "{name}");
        }
    }
}

#[test]
fn messages_are_words_without_a_final_stop() {
    let elements = ELEMENTS.iter().map(|row| (row.2, row.3));
    for (message, advice) in elements.chain(ATTRIBUTES.iter().map(|row| (row.3, row.4))) {
        assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
        assert!(!advice.ends_with('.'), "{advice}");
    }
}

//! Configurations for tests: a fixed machine, and short ways to load texts.

use std::path::Path;

use crate::{ConfigError, Environment, Loaded, Options, Source, load};

/// A machine of 16 gb whose current directory is `/amq`.
pub(crate) fn options() -> Options {
    Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(Path::new("/amq"), 16 << 30, []),
    }
}

/// Loads a text as the file `/amq/conf/a.xml`.
pub(crate) fn load_xml(text: &str) -> Result<Loaded, ConfigError> {
    load_with(text, &options())
}

pub(crate) fn load_with(text: &str, options: &Options) -> Result<Loaded, ConfigError> {
    let source = Source::Text {
        name: "/amq/conf/a.xml".into(),
        text: text.into(),
    };
    load(&source, options)
}

/// A broker with these children, from line 2 on, and a STOMP connector.
pub(crate) fn broker(attributes: &str, inside: &str) -> String {
    format!(
        "<broker xmlns='http://activemq.apache.org/schema/core' {attributes}>\n{inside}\n\
         <transportConnectors><transportConnector uri='stomp://localhost:61613'/>\
         </transportConnectors></broker>"
    )
}

/// Loads a broker that has no errors.
pub(crate) fn loaded(attributes: &str, inside: &str) -> Loaded {
    load_xml(&broker(attributes, inside)).unwrap_or_else(|error| panic!("{error}"))
}

/// All notes of a broker, one a line, without the name of the file.
pub(crate) fn notes(attributes: &str, inside: &str) -> String {
    notes_of(load_xml(&broker(attributes, inside)))
}

pub(crate) fn notes_of(result: Result<Loaded, ConfigError>) -> String {
    let text = match result {
        Ok(loaded) => loaded.report.to_string(),
        Err(error) => match error.report() {
            Some(report) => report.to_string(),
            None => error.to_string(),
        },
    };
    text.replace("/amq/conf/a.xml:", "")
}

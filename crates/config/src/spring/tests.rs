use std::path::{Path, PathBuf};

use crate::testing::{load_xml, notes_of};
use crate::{Environment, Loaded, Options, Source, load};

const CONNECTORS: &str = "<transportConnectors><transportConnector \
                          uri='stomp://localhost:${port:1}'/></transportConnectors>";

fn beans(outside: &str, attributes: &str) -> String {
    format!(
        "<beans xmlns='http://www.springframework.org/schema/beans' \
         xmlns:context='http://www.springframework.org/schema/context'>\n{outside}\n\
         <broker xmlns='http://activemq.apache.org/schema/core' {attributes}>{CONNECTORS}\
         </broker></beans>"
    )
}

/// Loads a text that stands beside the properties files of `testdata/conf`.
fn loaded(outside: &str) -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/conf");
    let source = Source::Text {
        name: folder.join("activemq.xml"),
        text: beans(outside, "brokerName='${name:none}'"),
    };
    let variables = [("FROM_ENV".into(), "site".into())];
    let options = Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(&folder, 16 << 30, variables),
    };
    load(&source, &options).unwrap_or_else(|error| panic!("{error}"))
}

fn check(outside: &str, name: &str) {
    let found = loaded(outside);
    assert_eq!(
        found.settings.broker.name, name,
        "{outside}: {}",
        found.report
    );
    assert_eq!(found.report.to_string(), "", "{outside}");
}

const CLASS: &str =
    "class='org.springframework.beans.factory.config.PropertyPlaceholderConfigurer'";

#[test]
fn configurers_name_properties_files_in_all_forms() {
    check(
        &format!(
            "<bean {CLASS}><property name='locations'><value>\n \
                  file:${{activemq.conf}}/site.properties\n</value></property></bean>"
        ),
        "from-file",
    );
    check(
        &format!(
            "<bean {CLASS}><property name='location' \
                  value='classpath:${{FROM_ENV}}.properties'/></bean>"
        ),
        "from-file",
    );
    check(
        &format!(
            "<bean {CLASS}><property name='locations'><list><value>conf/site.properties</value>\
                  <value>conf/later.properties</value></list></property></bean>"
        ),
        "from-later",
    );
    check(
        "<context:property-placeholder location='file:conf/site.properties,conf/later.properties'/>",
        "from-later",
    );
    check(&format!("<bean {CLASS}/>"), "none");
}

#[test]
fn properties_may_stand_in_the_file_itself() {
    check(
        &format!(
            "<bean {CLASS}><property name='properties'><props><prop key='name'>inline</prop>\
                  </props></property></bean>"
        ),
        "inline",
    );
    check(
        &format!(
            "<bean {CLASS}><property name='properties'><value>a=b\nname=text</value>\
                  </property></bean>"
        ),
        "text",
    );
}

#[test]
fn a_missing_properties_file_is_told_and_left_out() {
    let found = loaded(&format!(
        "<bean {CLASS}>\n<property name='location' value='not/there.properties'/></bean>"
    ));
    let told = found.report.to_string();
    assert!(
        told.contains(":3: warning: property value: the properties file is left out: "),
        "{told}"
    );
    assert!(
        told.contains("not/there.properties: cannot be read"),
        "{told}"
    );
}

#[test]
fn a_folder_is_no_properties_file() {
    let found = loaded(&format!(
        "<bean {CLASS}><property name='location' value='file:/'/></bean>"
    ));
    assert!(
        found.report.to_string().contains("it is not a file"),
        "{}",
        found.report
    );
}

#[test]
fn all_namespaces_of_activemq_are_understood() {
    for text in [
        format!("<broker>{CONNECTORS}</broker>"),
        format!(
            "<beans><broker xmlns='http://activemq.org/config/1.0'>{CONNECTORS}</broker></beans>"
        ),
        format!(
            "<beans xmlns='http://activemq.org/config/1.0'><broker>{CONNECTORS}</broker></beans>"
        ),
        "<beans xmlns:amq='http://activemq.apache.org/schema/core'><amq:broker>\
         <amq:transportConnectors><amq:transportConnector uri='stomp://localhost:1'/>\
         </amq:transportConnectors></amq:broker></beans>"
            .into(),
    ] {
        let found = load_xml(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(found.settings.connectors.len(), 1, "{text}");
        assert_eq!(found.report.to_string(), "", "{text}");
    }
}

#[test]
fn of_two_brokers_the_first_one_counts() {
    let text = format!(
        "<beans>\n<broker brokerName='a'>{CONNECTORS}</broker>\n<broker brokerName='b'/></beans>"
    );
    let found = load_xml(&text).unwrap();
    assert_eq!(found.settings.broker.name, "a");
    assert!(notes_of(load_xml(&text)).starts_with("3: warning: broker: is the second broker"));
}

#[test]
fn a_file_without_broker_is_refused() {
    let told = notes_of(load_xml("<beans>\n</beans>"));
    assert!(
        told.contains("1: error: beans: there is no <broker> inside <beans>"),
        "{told}"
    );
    let told = notes_of(load_xml(
        "<beans>\n<bean class='org.apache.activemq.broker.BrokerService'/></beans>",
    ));
    assert!(
        told.contains("2: error: bean: a broker written as a Java bean"),
        "{told}"
    );
}

#[test]
fn imports_and_beans_are_told() {
    let told = notes_of(load_xml(&beans(
        "<import resource='jetty.xml'/><import resource='other.xml'/>\
         <bean id='ds' class='org.apache.commons.dbcp2.BasicDataSource'><property name='x' value='y'/>\
         </bean><bean class='my.Thing'/>",
        "",
    )));
    for part in [
        "info: import: the web server",
        "warning: import: imported files are not read",
        "info: bean: there is no database",
        "warning: bean: Java classes do not run",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_source_of_a_relative_file_is_its_own_folder() {
    let source = Source::File(PathBuf::from("testdata/conf/relative.xml"));
    let options = Options {
        data_directory: None,
        admin: None,
        environment: Environment::fixed(Path::new(env!("CARGO_MANIFEST_DIR")), 16 << 30, []),
    };
    let found = load(&source, &options).unwrap();
    assert_eq!(found.settings.broker.name, "from-file");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/data");
    assert_eq!(found.settings.data_directory, data);
}

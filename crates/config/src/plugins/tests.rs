use crate::testing::{loaded, notes};

fn plugins(inside: &str) -> String {
    notes("", &format!("<plugins>\n{inside}</plugins>"))
}

#[test]
fn a_broker_that_asks_for_logins_does_not_start_without_them() {
    for plugin in [
        "<jaasAuthenticationPlugin configuration='activemq'/>",
        "<authorizationPlugin><map/></authorizationPlugin>",
        "<simpleAuthenticationPlugin anonymousAccessAllowed='true'/><authorizationPlugin/>",
    ] {
        let told = plugins(plugin);
        assert!(told.contains("3: error: "), "{plugin}: {told}");
        assert!(told.contains("remove it to start without logins"), "{told}");
    }
}

#[test]
fn users_and_their_passwords_are_read_and_nobody_else_gets_in() {
    let logins = |inside: &str| {
        let text = format!("<plugins>{inside}</plugins>");
        loaded("", &text).settings.broker.logins.unwrap()
    };
    let found = logins(
        "<simpleAuthenticationPlugin><users>
           <authenticationUser username='a' password='secret' groups='x,y'/>
           <authenticationUser username='b' password=''/>
         </users></simpleAuthenticationPlugin>",
    );
    let users: Vec<(&str, &str)> = found.users.iter().map(|(n, p)| (&**n, &*p.0)).collect();
    assert_eq!(users, [("a", "secret"), ("b", "")]);
    assert!(!found.anonymous);
    assert!(logins("<simpleAuthenticationPlugin anonymousAccessAllowed='true'/>").anonymous);
    let told = plugins(
        "<simpleAuthenticationPlugin><users><authenticationUser username='a'/></users>
         </simpleAuthenticationPlugin>",
    );
    assert!(told.contains("names no user, or has no password"), "{told}");
}

#[test]
fn java_classes_are_told_by_name_and_guards_among_them_refused() {
    let bean = |class: &str| {
        plugins(&format!(
            "<bean xmlns='http://www.springframework.org/schema/beans' class='{class}'/>"
        ))
    };
    let told = bean("org.example.auth.RestAuthenticationPlugin");
    assert!(
        told.contains("error: bean: the Java class org.example.auth.Rest"),
        "{told}"
    );
    let told = bean("org.example.TraceabilityInterceptor");
    assert!(
        told.contains("warning: bean: the Java class org.example.Trace"),
        "{told}"
    );
}

#[test]
fn plugins_written_elsewhere_are_refused() {
    let told = notes("plugins='#security'", "");
    assert!(told.contains("1: error: broker plugins: "), "{told}");
    let told =
        plugins("<ref xmlns='http://www.springframework.org/schema/beans' bean='authGuard'/>");
    assert!(told.contains("error: ref"), "{told}");
}

#[test]
fn harmless_plugins_are_told() {
    let told = plugins("<statisticsBrokerPlugin/><loggingBrokerPlugin logAll='true'/>");
    assert!(told.contains("warning: statisticsBrokerPlugin"), "{told}");
    assert!(told.contains("info: loggingBrokerPlugin"), "{told}");
    assert_eq!(notes("", "<plugins/>"), "");
}

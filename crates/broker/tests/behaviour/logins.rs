//! Who may connect.

use crate::client::World;
use floodway_broker::settings::{BrokerSettings, Logins};
use floodway_message::session::{Command, Connect, Event, FailureKind, Secret};

fn told(logins: Option<Logins>, user: Option<&str>, password: Option<&str>) -> Event {
    let world = World::new(BrokerSettings {
        logins,
        ..BrokerSettings::default()
    });
    let session = world.broker.connect("peer", Box::new(|| {}));
    let connect = Connect {
        client_id: "c".into(),
        user: user.map(Into::into),
        password: password.map(|text| Secret(text.into())),
        protocol: "test",
        resends: false,
        session: None,
        introduction: None,
        reply: 1,
    };
    session.submit(&mut vec![Command::Connect(Box::new(connect))], world.now());
    let mut events = Vec::new();
    session.take_events(&mut events, 10);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn lets_in(logins: &Logins, user: Option<&str>, password: Option<&str>) -> bool {
    match told(Some(logins.clone()), user, password) {
        Event::Connected { .. } => true,
        Event::Failed { failure, .. } => {
            assert_eq!(failure.kind, FailureKind::Security);
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_right_password_of_a_known_user_lets_in() {
    let user = |name: &str, password: &str| (name.into(), Secret(password.into()));
    let logins = Logins {
        users: vec![user("a", "secret"), user("b", "other")],
        anonymous: false,
    };
    assert!(lets_in(&logins, Some("a"), Some("secret")));
    assert!(lets_in(&logins, Some("b"), Some("other")));
    for (name, password) in [
        (Some("a"), Some("other")),
        (Some("a"), Some("secre")),
        (Some("a"), Some("secrets")),
        (Some("a"), Some("")),
        (Some("a"), None),
        (Some("c"), Some("secret")),
        (Some(""), Some("secret")),
        (None, Some("secret")),
        (None, None),
    ] {
        assert!(!lets_in(&logins, name, password), "{name:?} {password:?}");
    }
}

#[test]
fn nobody_may_come_anonymously_only_if_allowed_and_a_wrong_name_never() {
    let logins = Logins {
        users: Vec::new(),
        anonymous: true,
    };
    assert!(lets_in(&logins, None, None));
    assert!(!lets_in(&logins, Some("a"), None));
    assert!(matches!(
        told(None, Some("a"), None),
        Event::Connected { .. }
    ));
}

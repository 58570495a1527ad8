use super::{Account, Role, login};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn accounts() -> Vec<Account> {
    let account = |name: &str, password: &str, role| Account {
        name: name.into(),
        password: password.into(),
        role,
    };
    vec![
        account("admin", "s3cret:with colon", Role::Admin),
        account("viewer", "look", Role::User),
    ]
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn right_pair_logs_in_with_its_role() {
    let accounts = accounts();
    let role = |header: &str| login(&accounts, header).map(|account| account.role);
    assert_eq!(role(&basic("admin:s3cret:with colon")), Some(Role::Admin));
    assert_eq!(role(&basic("viewer:look")), Some(Role::User));
    assert_eq!(
        role(&basic("viewer:look").replace("Basic", "basic")),
        Some(Role::User)
    );
}

#[test]
fn anything_else_does_not() {
    let accounts = accounts();
    let long = "x".repeat(300);
    for pair in [
        "admin:",
        "admin:s3cret",
        "viewer:s3cret:with colon",
        ":look",
        "viewer",
        "",
        "viewer:look\0",
        "viewer:Look",
        &format!("viewer:{long}"),
        &format!("{long}:look"),
    ] {
        assert_eq!(login(&accounts, &basic(pair)), None, "{pair}");
    }
    for header in [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Bearer look",
        "Basic\u{a0}x",
    ] {
        assert_eq!(login(&accounts, header), None, "{header}");
    }
    assert_eq!(login(&[], &basic("admin:")), None);
}

#[test]
fn name_longer_than_compared_never_matches() {
    let name = "x".repeat(257);
    let accounts = [Account {
        name: name.clone(),
        password: "p".into(),
        role: Role::User,
    }];
    assert_eq!(login(&accounts, &basic(&format!("{name}:p"))), None);
}

#[test]
fn password_is_not_shown() {
    assert!(!format!("{:?}", accounts()).contains("s3cret"));
}

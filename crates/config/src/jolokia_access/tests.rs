use super::read;
use floodway_admin::{JolokiaPolicy, RemoteHost};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

#[track_caller]
fn policy(text: &str) -> (JolokiaPolicy, Vec<String>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("floodway-jolokia-{}-{number}", std::process::id());
    let folder: PathBuf = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("jolokia-access.xml"), text).unwrap();
    let mut remarks = Vec::new();
    let policy = read(&folder, &mut remarks);
    std::fs::remove_dir_all(&folder).unwrap();
    (policy, remarks)
}

#[test]
fn all_that_a_file_says_is_read() {
    let (policy, remarks) = policy(
        "<?xml version='1.0' encoding='UTF-8'?><!-- c --><restrict>
         <remote><host>127.0.0.1</host><host>10.0.0.0/8</host></remote>
         <http><method>POST</method></http>
         <commands><command>read</command><command>Search</command></commands>
         <allow><mbean><name>org.apache.activemq:*</name><attribute>*</attribute>
            <attribute mode='read'>MemoryLimit</attribute><operation>pause</operation></mbean></allow>
         <deny><mbean><name>org.apache.activemq:type=Broker,*</name><operation>*</operation>
            </mbean></deny>
         <cors><allow-origin>*://localhost*</allow-origin><strict-checking/></cors></restrict>",
    );
    assert!(remarks.is_empty(), "{remarks:?}");
    let hosts = [
        RemoteHost::parse("127.0.0.1"),
        RemoteHost::parse("10.0.0.0/8"),
    ];
    assert_eq!(policy.hosts, hosts.map(Option::unwrap));
    assert_eq!(policy.methods, Some(vec!["post".into()]));
    assert_eq!(policy.commands, Some(vec!["read".into(), "search".into()]));
    let attributes = &policy.allow[0].attributes;
    assert_eq!(
        attributes[..],
        [("*".into(), false), ("MemoryLimit".into(), true)]
    );
    assert_eq!(policy.deny[0].operations, ["*"]);
    assert_eq!(policy.origins, ["*://localhost*"]);
    assert!(policy.strict_origins);
}

#[test]
fn file_that_is_not_understood_allows_nothing() {
    for text in ["", "<restrict>", "<other/>", "no xml"] {
        let (policy, remarks) = policy(text);
        assert_eq!(policy.commands, Some(Vec::new()), "{text}");
        assert_eq!(remarks.len(), 1, "{text} {remarks:?}");
    }
}

#[test]
fn what_is_not_known_is_told() {
    let (policy, remarks) = policy(
        "<restrict><filter/><remote><host>mq.example</host></remote>
         <commands><command>dance</command></commands>
         <deny><mbean><operation>x</operation></mbean><other/></deny></restrict>",
    );
    let told = remarks.join("\n");
    for part in [
        "<filter>",
        "mq.example",
        "lets nobody in",
        "dance",
        "no <name>",
        "<other>",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(policy.commands, Some(Vec::new()));
    assert!(policy.deny.is_empty());
}

#[test]
fn without_a_file_nothing_is_restricted() {
    let mut remarks = Vec::new();
    let folder = std::env::temp_dir().join("floodway-jolokia-none");
    assert_eq!(read(&folder, &mut remarks), JolokiaPolicy::default());
    assert!(remarks.is_empty());
}

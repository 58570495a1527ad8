//! The console without a browser: who may do what, the token of forms, what is bounded, and that
//! nothing that comes from outside becomes markup.

use crate::served::{Answer, LOGIN, NOW, Served, VIEWER, client};
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{Command, Destinations, Event, OpenConsumer, Send};
use floodway_message::{BodyKind, Destination, MessageBuilder, PropertyValue};
use std::io::{BufRead, BufReader, Write};

mod network;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const OWN: &str = "Origin: http://127.0.0.1:8161\r\n";
/// Breaks out of a text, an attribute, a script or a comment that is not escaped.
const HOSTILE: &str = "--></pre><img src=x onerror=alert(1)>'\"><script>alert(1)</script>";

fn page(served: &Served, path: &str) -> Answer {
    served.ask(&format!("GET {path}"), LOGIN, "")
}

/// The token in the forms of a login.
fn token(served: &Served, login: &str) -> String {
    let page = served.ask("GET /admin/queues", login, "").body;
    let after = page.split("name=\"token\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

fn post(served: &Served, deed: &str, form: &str) -> Answer {
    let form = format!("token={}&{form}", token(served, LOGIN));
    let headers = format!("{LOGIN}{FORM}{OWN}");
    served.ask(&format!("POST /admin/do/{deed}"), &headers, &form)
}

#[track_caller]
fn done(served: &Served, deed: &str, form: &str) {
    let answer = post(served, deed, form);
    assert_eq!(answer.status, 303, "{deed} {form}: {}", answer.body);
}

fn send(to: &str, id: &str, body: &str) -> Command {
    let to = Destination::parse(to).unwrap();
    let mut message = MessageBuilder::new();
    message
        .id(id)
        .destination(&to)
        .timestamp_ms(NOW.wall_ms)
        .property("color", PropertyValue::String("red"))
        .body(BodyKind::Text, body.to_owned().into());
    Command::Send(Send {
        producer: 1,
        destinations: Destinations::One(to),
        message: message.build(0).unwrap(),
        tx: None,
        reply: None,
    })
}

fn pending(served: &Served, name: &str) -> u64 {
    let all = served.broker.view().destinations;
    let mut all = all.iter();
    let own = all.find(|one| one.destination.to_string() == name);
    own.map_or(0, |own| own.messages.pending)
}

#[test]
fn who_only_looks_sees_pages_without_forms_and_can_change_nothing() {
    let served = Served::new(|_| {});
    client(&served, "c", vec![send("queue://Q", "ID:1", "text")]);
    for path in [
        "/admin",
        "/admin/queues",
        "/admin/topics",
        "/admin/destination?name=queue://Q",
        "/admin/browse?name=queue://Q",
        "/admin/message?name=queue://Q&id=ID:1",
        "/admin/subscribers",
        "/admin/connections",
        "/admin/scheduled",
        "/admin/network",
        "/admin/send",
    ] {
        let seen = served.ask(&format!("GET {path}"), VIEWER, "");
        assert_eq!(seen.status, 200, "{path}");
        assert!(
            !seen.body.contains("method=\"post\""),
            "{path} {}",
            seen.body
        );
        assert!(
            !seen.body.contains("name=\"token\""),
            "{path} {}",
            seen.body
        );
        assert_eq!(
            served.ask(&format!("GET {path}"), "", "").status,
            401,
            "{path}"
        );
    }
    let form = format!("token={}&name=queue://Q", token(&served, LOGIN));
    let headers = format!("{VIEWER}{FORM}{OWN}");
    let refused = served.ask("POST /admin/do/purge", &headers, &form);
    assert_eq!((refused.status, pending(&served, "queue://Q")), (403, 1));
}

#[test]
fn forms_count_only_with_the_token_of_their_login_and_our_origin() {
    let served = Served::new(|settings| {
        let mut other = settings.accounts[0].clone();
        other.name = "eve".into();
        settings.accounts.push(other);
    });
    client(&served, "c", vec![send("queue://Q", "ID:1", "text")]);
    // eve:secret
    let eve = "Authorization: Basic ZXZlOnNlY3JldA==\r\n";
    let (own, other) = (token(&served, LOGIN), token(&served, eve));
    assert_ne!(own, other);
    let again = Served::new(|_| {});
    assert_ne!(own, token(&again, LOGIN), "a token outlives the process");
    let purge = |token: &str, origin: &str| {
        let form = format!("token={token}&name=queue://Q");
        let headers = format!("{LOGIN}{FORM}{origin}");
        served.ask("POST /admin/do/purge", &headers, &form).status
    };
    assert_eq!(purge("", OWN), 403);
    assert_eq!(purge(&other, OWN), 403);
    assert_eq!(purge(&format!("{own}x"), OWN), 403);
    assert_eq!(purge(&own, "Origin: http://elsewhere.example\r\n"), 403);
    assert_eq!(pending(&served, "queue://Q"), 1);
    assert_eq!(purge(&own, OWN), 303);
    assert_eq!(pending(&served, "queue://Q"), 0);
}

#[test]
fn actions_lead_back_to_pages_of_the_console_and_say_what_was_done_once() {
    let served = Served::new(|_| {});
    let form = "scheme=queue://&name=new&back=/admin/queues%3Fsort%3Dname";
    let fields = page(&served, "/admin/queues").body;
    assert!(fields.contains("<input name=\"name\" required"), "{fields}");
    let answer = post(&served, "create", form);
    assert!(
        answer.head.contains("location: /admin/queues?sort=name"),
        "{answer:?}"
    );
    assert!(
        page(&served, "/admin/queues")
            .body
            .contains("Queue://new was created.")
    );
    assert!(!page(&served, "/admin/queues").body.contains("was created"));
    for back in [
        "//elsewhere.example",
        "http://elsewhere.example",
        "/adminx",
        "",
        "/api/x",
    ] {
        let answer = post(&served, "pause", &format!("name=queue://new&back={back}"));
        assert!(
            answer.head.contains("location: /admin\r\n"),
            "{back}: {answer:?}"
        );
    }
    assert_eq!(post(&served, "dance", "").status, 404);
    assert_eq!(post(&served, "purge", "name=queue://none").status, 404);
}

#[test]
fn messages_are_chosen_deleted_moved_and_copied() {
    let served = Served::new(|_| {});
    let all = (0..5).map(|n| send("queue://Q", &format!("ID:it's {n}"), "text"));
    client(&served, "c", all.collect());
    let names = ["queue://Q", "queue://other"];
    let counts = || names.map(|name| pending(&served, name));
    done(
        &served,
        "messages",
        "name=queue://Q&what=move&to=other&id=ID:it's+0&id=ID:it's+1",
    );
    assert_eq!(counts(), [3, 2]);
    done(
        &served,
        "messages",
        "name=queue://Q&what=copy&to=queue://other&id=ID:it's+2",
    );
    assert_eq!(counts(), [3, 3]);
    done(
        &served,
        "messages",
        "name=queue://Q&what=delete&id=ID:it's+2&id=ID:it's+9",
    );
    assert_eq!(counts(), [2, 3]);
    let notice = page(&served, "/admin").body;
    assert!(
        notice.contains("1 message deleted; the others are gone"),
        "{notice}"
    );
    for form in [
        "what=delete",
        "what=move&id=ID:it's+3",
        "id=ID:it's+3",
        "what=x&id=a",
    ] {
        let answer = post(&served, "messages", &format!("name=queue://Q&{form}"));
        assert_eq!(answer.status, 400, "{form}");
    }
    assert_eq!(counts(), [2, 3]);
}

#[test]
fn a_queue_is_browsed_to_any_depth_by_pages() {
    let served = Served::new(|_| {});
    let all = (0..120).map(|n| send("queue://Q", &format!("ID:{n}"), &format!("text <{n}>")));
    client(&served, "c", all.collect());
    let rows = |path: &str| {
        let body = page(&served, path).body;
        let ids = body.split("aria-label=\"Mark ID:").skip(1);
        ids.map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect::<Vec<u32>>()
    };
    assert_eq!(
        rows("/admin/browse?name=queue://Q"),
        (0..50).collect::<Vec<_>>()
    );
    assert_eq!(
        rows("/admin/browse?name=queue://Q&from=100"),
        (100..120).collect::<Vec<_>>()
    );
    assert_eq!(rows("/admin/browse?name=queue://Q&from=120"), [0; 0]);
    let first = page(&served, "/admin/browse?name=queue://Q").body;
    assert!(first.contains("from=50\">Next"), "{first}");
    assert!(first.contains("text &lt;0&gt;"), "{first}");
    let last = page(&served, "/admin/browse?name=queue://Q&from=100").body;
    assert!(!last.contains(">Next<"), "{last}");
    let bad = page(&served, "/admin/browse?name=queue://Q&selector=bad+%3D%3D");
    assert_eq!(bad.status, 400);
    assert_eq!(
        rows("/admin/browse?name=queue://Q&selector=color='blue'"),
        [0; 0]
    );
}

#[test]
fn lists_are_cut_searched_and_sorted() {
    let served = Served::new(|_| {});
    let all = (0..130).map(|n| send(&format!("queue://q.{n:03}"), "ID:1", "text"));
    client(
        &served,
        "c",
        all.chain([send("queue://q.077", "ID:2", "text")]).collect(),
    );
    let names = |query: &str| {
        let body = page(&served, &format!("/admin/queues?{query}")).body;
        let all = body.split("<th scope=\"row\">").skip(1);
        let name = |rest: &str| {
            rest.split("queue://")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .to_owned()
        };
        all.map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("").len(), 50);
    assert_eq!(names("page=3").len(), 30);
    assert_eq!(names("page=999"), names("page=3"));
    assert_eq!(names("search=Q.12").len(), 10);
    assert_eq!(names("sort=-pending")[0], "q.077");
    assert_eq!(names("sort=-name")[0], "q.129");
    assert_eq!(names("sort=none")[0], "q.000");
}

/// A broker in which everything has a hostile name, with the session that made it.
fn hostile() -> (Served, floodway_broker::Session) {
    let served = Served::of(BrokerSettings::default(), None, |_| {});
    let name = format!("queue://{HOSTILE}");
    let queue = Destination::parse(&name).unwrap();
    let mut message = MessageBuilder::new();
    message
        .id(HOSTILE)
        .destination(&queue)
        .original_destination(&queue)
        .reply_to(&queue)
        .correlation_id(HOSTILE)
        .message_type(HOSTILE)
        .group_id(HOSTILE)
        .user_id(HOSTILE)
        .timestamp_ms(1)
        .property(HOSTILE, PropertyValue::String(HOSTILE))
        .property("dlqDeliveryFailureCause", PropertyValue::String(HOSTILE))
        .body(BodyKind::Text, HOSTILE.into());
    let mut commands = vec![Command::Send(Send {
        producer: 1,
        destinations: Destinations::One(queue.clone()),
        message: message.build(0).unwrap(),
        tx: None,
        reply: None,
    })];
    let topic = Destination::parse(&format!("topic://{HOSTILE}")).unwrap();
    for (number, to) in [&queue, &topic].into_iter().enumerate() {
        let mut open = OpenConsumer::new(number as u64 + 1, vec![to.clone()]);
        open.prefetch = Some(0);
        let text = format!("x = '{}'", HOSTILE.replace('\'', "''"));
        let selector = floodway_message::selector::Selector::parse(&text).unwrap();
        open.selector = Some(std::sync::Arc::new(selector));
        open.durable_name = (!to.kind().is_queue()).then(|| HOSTILE.into());
        commands.push(Command::OpenConsumer(Box::new(open)));
    }
    let session = client(&served, HOSTILE, commands);
    (served, session)
}

fn encoded() -> String {
    HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn what_comes_from_outside_never_becomes_markup() {
    let (served, _session) = hostile();
    let encoded = encoded();
    let of = format!("name=queue%3A%2F%2F{encoded}");
    let connection = served.broker.connections()[0].id;
    for path in [
        "/admin".to_owned(),
        "/admin/queues".to_owned(),
        format!("/admin/queues?search={encoded}&sort={encoded}"),
        "/admin/topics".to_owned(),
        format!("/admin/destination?{of}"),
        format!("/admin/destination?name=topic%3A%2F%2F{encoded}"),
        format!("/admin/destination?name=none{encoded}"),
        format!("/admin/browse?{of}"),
        format!("/admin/browse?{of}&selector={encoded}"),
        format!("/admin/causes?{of}"),
        format!("/admin/message?{of}&id={encoded}"),
        format!("/admin/message?{of}&id={encoded}&as=json"),
        format!("/admin/message?{of}&id={encoded}&as=xml"),
        format!("/admin/message?{of}&id={encoded}&as=hex"),
        format!("/admin/message?{of}&id=none{encoded}"),
        "/admin/subscribers".to_owned(),
        format!("/admin/subscribers?kind={encoded}&search={encoded}"),
        "/admin/connections".to_owned(),
        format!("/admin/connection?id={connection}"),
        format!("/admin/connection?id={encoded}"),
        format!("/admin/send?name={encoded}&type={encoded}"),
        "/admin/scheduled".to_owned(),
        format!("/admin/scheduled?after={encoded}"),
        "/admin/network".to_owned(),
    ] {
        let answer = page(&served, &path);
        assert!(
            answer.head.contains("content-type: text/html"),
            "{path} {}",
            answer.head
        );
        let body = answer.body;
        assert!(
            !body.contains("<img") && !body.contains("<script>"),
            "{path} {body}"
        );
        assert_eq!(body.matches("<script").count(), 1, "{path} {body}");
        assert!(!body.contains("--></pre>"), "{path} {body}");
        assert!(answer.head.contains("default-src 'none'"), "{path}");
    }
}

#[test]
fn what_is_done_with_hostile_names_is_told_without_markup() {
    let (served, _session) = hostile();
    let encoded = encoded();
    let back = format!("back=/admin/queues&name=queue%3A%2F%2F{encoded}");
    for (deed, form) in [
        ("pause", back.clone()),
        (
            "set",
            format!("target=queue%3A%2F%2F{encoded}&setting={encoded}&value={encoded}"),
        ),
        (
            "messages",
            format!("{back}&what=copy&to={encoded}&id={encoded}"),
        ),
        ("create", format!("scheme=queue%3A%2F%2F&name=a{encoded}")),
        (&*encoded, back.clone()),
    ] {
        let answer = post(&served, deed, &form);
        let seen = page(&served, "/admin/queues").body;
        for body in [answer.body, seen] {
            assert!(
                !body.contains("<img") && !body.contains("<script>"),
                "{deed} {body}"
            );
        }
    }
}

#[test]
fn live_figures_are_for_a_bounded_number_and_free_their_place() {
    let served = Served::new(|settings| settings.console_streams_max = 2);
    let look = || {
        let mut stream = served.connect();
        let request = format!(
            "GET /admin/queues HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{LOGIN}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().unwrap().unwrap();
        (first, lines)
    };
    let (first, mut lines) = look();
    assert!(first.contains("200"), "{first}");
    assert!(lines.any(|line| line.unwrap().starts_with("data: ")));
    let (_, second) = look();
    assert!(look().0.contains("503"));
    drop(second);
    // Its end is found when the next event is written.
    while !look().0.contains("200") {}
}

#[test]
fn addresses_of_the_console_that_users_know_lead_to_the_pages() {
    let served = Served::new(|_| {});
    for (theirs, ours) in [
        ("/admin/queues.jsp", "/admin/queues"),
        (
            "/admin/browse.jsp?JMSDestination=a%20b",
            "/admin/browse?name=a%20b",
        ),
        (
            "/admin/message.jsp?id=ID:1&JMSDestination=q",
            "/admin/message?name=q&id=id:1",
        ),
        (
            "/admin/send.jsp?JMSDestination=t&JMSDestinationType=topic",
            "/admin/send?name=topic://t",
        ),
        ("/", "/admin"),
    ] {
        let answer = page(&served, theirs);
        let wanted = format!("location: {ours}\r\n");
        assert!(
            answer.status == 303 && answer.head.contains(&wanted),
            "{theirs} {answer:?}"
        );
    }
}

#[test]
fn subscriptions_are_made_and_removed_and_connections_closed() {
    let served = Served::new(|_| {});
    done(
        &served,
        "durable-create",
        "client=c&subscription=d&topic=t&selector=a+%3D+1",
    );
    let seen = page(&served, "/admin/subscribers?kind=offline").body;
    assert!(
        seen.contains("offline") && seen.contains("topic://t"),
        "{seen}"
    );
    done(&served, "durable-remove", "client=c&subscription=d");
    assert!(served.broker.view().durables.is_empty());
    let session = client(&served, "here", Vec::new());
    let id = served.broker.connections()[0].id;
    done(&served, "connection-close", &format!("id={id}"));
    let mut events = Vec::new();
    session.take_events(&mut events, 10);
    assert!(matches!(events[..], [Event::Closed { .. }]), "{events:?}");
    assert_eq!(post(&served, "connection-close", "id=999999").status, 404);
}

#[test]
fn messages_are_sent_with_all_that_the_form_says() {
    let served = Served::new(|_| {});
    let form = "name=new&body=%3Chello%3E&persistent=yes&priority=7&type=order&correlation=c1\
                &group=g&reply=topic://r&properties=a%3D1%0D%0Ab%3Dtwo%3D2%0D%0Ac%3Dtrue&count=3";
    done(&served, "send", form);
    assert_eq!(pending(&served, "queue://new"), 3);
    let list = page(
        &served,
        "/admin/browse?name=queue://new&selector=JMSXMessageCounter+%3D+2",
    )
    .body;
    let id = list
        .split("aria-label=\"Mark ")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let seen = page(&served, &format!("/admin/message?name=queue://new&id={id}")).body;
    for part in [
        "&lt;hello&gt;",
        "<dd>persistent</dd>",
        "<dd>7</dd>",
        "<dd>order</dd>",
        "<dd>c1</dd>",
        "topic://r",
        "<dd>g, 0</dd>",
        "<td>two=2</td>",
        "<td class=\"quiet\">boolean</td>",
    ] {
        assert!(seen.contains(part), "{part} {seen}");
    }
    for form in [
        "name=&body=x",
        "name=a.*&body=x",
        "name=a&priority=high",
        "name=a&properties=x",
    ] {
        assert_eq!(post(&served, "send", form).status, 400, "{form}");
    }
}

#[test]
fn monitors_read_the_xml_of_the_console_that_users_know() {
    let served = Served::new(|_| {});
    let sends = vec![
        send("queue://a & \"b\"\u{1}", "ID:1", "text"),
        send("topic://t", "ID:2", "text"),
    ];
    client(&served, "c", sends);
    done(
        &served,
        "durable-create",
        "client=c1&subscription=<d>&topic=t&selector=a+>+1",
    );
    let queues = page(&served, "/admin/xml/queues.jsp");
    assert!(queues.head.contains("content-type: text/xml"), "{queues:?}");
    let wanted = "<queues><queue name=\"a &amp; &quot;b&quot;\u{fffd}\"><stats size=\"1\" \
                  consumerCount=\"0\" enqueueCount=\"1\" dequeueCount=\"0\"></stats></queue></queues>";
    assert!(queues.body.contains(wanted), "{}", queues.body);
    let topics = page(&served, "/admin/xml/topics.jsp").body;
    assert!(
        topics.contains("<topic name=\"t\"><stats size=\"0\" consumerCount=\"1\""),
        "{topics}"
    );
    let subscribers = page(&served, "/admin/xml/subscribers.jsp").body;
    let wanted = "<subscriber clientId=\"c1\" subscriptionName=\"&lt;d&gt;\" connectionId=\"\" \
                  destinationName=\"t\" selector=\"a &gt; 1\" active=\"no\"><stats \
                  pendingQueueSize=\"0\"";
    assert!(subscribers.contains(wanted), "{subscribers}");
}

use super::*;

fn check(text: &str, expected: &str) {
    let told = match parse(text, "a.xml") {
        Ok(_) => "parsed".into(),
        Err(error) => error.to_string(),
    };
    assert!(told.contains(expected), "{told}");
}

#[test]
fn lines_are_counted_from_one() {
    let lines = Lines::new("a\nbc\n");
    assert_eq!([0, 1, 2, 4, 5].map(|at| lines.of(at)), [1, 1, 2, 2, 3]);
}

#[test]
fn a_doctype_is_refused_with_its_line() {
    check(
        "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a/>",
        "a.xml:2: error: a DOCTYPE is not accepted; remove",
    );
}

#[test]
fn broken_xml_is_told_with_its_line_and_cause() {
    check("<a>\n<b x='1&y=2'/></a>", "a.xml:2: error: ");
    check("<a>\n<b x='1&y=2'/></a>", "write & as &amp;");
    check("<a>\n<b>\n</a>", "a.xml:3: error: ");
    check("<a>\n<b>\n", "a.xml:2: error: ");
    check("<a><b>", "close every open element");
    check("!-- licence -->\n<a/>", "is a < missing");
    check("<a/>\nThat was it.", "a.xml:2: error: ");
    check("", "there is no element");
    check("<a xsi:b='1'/>", "declare xmlns:xsi");
    check("\n<?xml version='1.0'?><a/>", "very first");
}

#[test]
fn templates_are_named() {
    check("<a>\n<% if x %><b/></a>", "an ERB template");
    check("<a b={{x}}/>", "Jinja2");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    check(&nested(DEPTH_MAX + 1), "parsed");
    check(&nested(DEPTH_MAX + 2), "nested more than");
    check(&nested(20_000), "nested more than");
}

#[test]
fn attributes_and_nodes_are_bounded() {
    let attributes = |count: usize| -> String {
        let list: Vec<String> = (0..count).map(|n| format!("a{n}=''")).collect();
        format!("<a {}/>", list.join(" "))
    };
    check(&attributes(ATTRIBUTES_MAX), "parsed");
    check(&attributes(ATTRIBUTES_MAX + 1), "more than 4096 attributes");
    let nodes = format!("<a>{}</a>", "<b/>".repeat(NODES_MAX as usize));
    check(&nodes, "more than 100000 elements");
}

#[test]
fn size_is_bounded() {
    let of = |bytes: usize| format!("<a>{}</a>", " ".repeat(bytes - 7));
    let most = usize::try_from(FILE_BYTES_MAX).unwrap();
    check(&of(most), "parsed");
    check(
        &of(most + 1),
        "a.xml: the configuration has more than 1048576 bytes",
    );
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let declared = b"<?xml version='1.0' encoding='ISO-8859-1'?><a b='\xe9'/>".to_vec();
    assert!(decode(declared, "a.xml").unwrap().contains('é'));
    let error = decode(b"<a>\n\xe9</a>".to_vec(), "a.xml").unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.xml:2: the text is not UTF-8; save the file as UTF-8"
    );
}

#[test]
fn a_missing_file_is_told_by_name() {
    let error = read_text(Path::new("not/there.xml"), "not/there.xml").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("not/there.xml: cannot be read"),
        "{error}"
    );
}

#[test]
fn templates_that_happen_to_be_xml_are_told_with_their_line() {
    check(
        "<a>\n<b c='{{x}} gb'/></a>",
        "a.xml:2: error: the file is a template: \"{{x}} gb\"",
    );
    check(
        "<a>\n{% if x %}\n<b/></a>",
        "the file is a template: \"{% if x %}\"",
    );
    check(
        "<a>\n<b c='tcp://h:%openwire.port%'/></a>",
        "is still to be filled in",
    );
    check(
        "<a><b c='50%25%20a%C3%A9' selector=\"x LIKE '%word%'\"/></a>",
        "parsed",
    );
    check("<a><!-- {{x}} %name% --></a>", "parsed");
}

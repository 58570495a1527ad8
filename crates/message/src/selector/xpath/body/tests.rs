//! Limits of bodies.

use super::{ATTRIBUTES_MAX, BODY_BYTES_MAX, NAMESPACES_MAX, NODES_MAX, parse, tag_end};
use super::{EvaluationError, attributes_of_one_element};

#[track_caller]
fn check(build: &dyn Fn(usize) -> String, limit: usize) {
    assert!(matches!(parse(&build(limit - 1)), Ok(Some(_))));
    assert!(matches!(parse(&build(limit)), Ok(Some(_))));
    assert!(matches!(
        parse(&build(limit + 1)),
        Err(EvaluationError::TooLarge { .. })
    ));
}

#[test]
fn sizes_are_limited() {
    check(
        &|bytes| format!("<a>{}</a>", "x".repeat(bytes - 7)),
        BODY_BYTES_MAX,
    );
    let elements = usize::try_from(NODES_MAX).expect("fits");
    check(
        &|nodes| format!("<a>{}</a>", "<b/>".repeat(nodes - 2)),
        elements,
    );
}

#[test]
fn attributes_and_namespaces_are_limited() {
    let attributes = |count: usize| {
        (0..count)
            .map(|at| format!(" a{at}='x=>\"'"))
            .collect::<String>()
    };
    check(
        &|count| format!("<a>x='1'<b{}/></a>", attributes(count)),
        ATTRIBUTES_MAX,
    );
    let namespaces = |count: usize| {
        let element = |at| format!("<b xmlns:n{at}='u'/>");
        (0..count).map(element).collect::<String>()
    };
    check(
        &|count| format!("<a>{}</a>", namespaces(count)),
        NAMESPACES_MAX,
    );
}

#[test]
fn only_attributes_of_tags_are_counted() {
    assert_eq!(
        attributes_of_one_element("<a b='='>c=d=e<!-- '<x y=z> = = --></a>"),
        1
    );
    assert_eq!(
        attributes_of_one_element("<?pi a=b c=d?><![CDATA[<q w=e r=t>]]><a b=''/>"),
        1
    );
    assert_eq!(attributes_of_one_element("<a b='unclosed"), 1);
    assert_eq!(tag_end("a b='>' c=\"'\" d=''/>rest"), (3, "rest"));
}

#[test]
fn deep_documents_need_no_stack() {
    let depth = 20_000;
    let body = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(matches!(parse(&body), Ok(Some(_))));
}

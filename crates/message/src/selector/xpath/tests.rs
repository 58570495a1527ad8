//! XPath expressions, with the answers of Java's library.

use super::{NESTING_MAX, STEPS_MAX};
use crate::selector::tests::Sample;
use crate::selector::{EvaluationError, Selector};

const SIMPLE: &str = "<a>1<b>2</b></a>";
const NAMESPACES: &str = "<r xmlns='d' xmlns:p='u' id='R'><p:a k='1' p:k='2'>t1<![CDATA[c]]>t2\
    <!-- com --><?pi data?></p:a><b>  5 </b><b>10</b><c/>tail\
    <e xml:lang='en-US' n='-3.5'>x<f>y</f>z</e></r>";

fn outcome(body: &str, expression: &str) -> Result<bool, EvaluationError> {
    let selector = Selector::parse(&format!("XPATH '{}'", expression.replace('\'', "''")));
    selector.expect("valid").matches(&Sample::with_body(body))
}

#[track_caller]
fn check(body: &str, holds: &[&str], does_not_hold: &[&str]) {
    for expression in holds {
        assert_eq!(outcome(body, expression), Ok(true), "{expression}");
    }
    for expression in does_not_hold {
        assert_eq!(outcome(body, expression), Ok(false), "{expression}");
    }
}

#[test]
fn paths_follow_all_axes() {
    check(
        SIMPLE,
        &[
            "/",
            "a/b",
            "/a//b",
            "// b",
            "a/b/..",
            "a/b/ancestor::node()",
            "count(a/b/ancestor::node())=2",
            "a/b/preceding-sibling::text()='1'",
            "a/text()/following::b",
            "count(//node())=4",
            "child::a/child::b",
            "(a|a/b)[2]='2'",
            "count(a/b|a|a/b)=2",
            "a[b]/b[. = 2]",
            "*/b[last()]",
            "count(a/namespace::*)=1",
            "//..",
        ],
        &[
            "/a/",
            "//",
            "..",
            "a/b/following::node()",
            "a/(b)",
            "a/@*",
            "a[2]",
            "b",
            "1/a",
            "///a",
        ],
    );
}

#[test]
fn names_are_compared_in_no_namespace() {
    check(
        NAMESPACES,
        &[
            "/*[local-name()='r']",
            "name(/*/*[1])='p:a'",
            "namespace-uri(//*[local-name()='a'])='u'",
            "count(/*/@*)=1",
            "/*/@id='R'",
            "//@n = -3.5",
            "name(//*[@*[local-name()='k']]/@*[2])='p:k'",
            "true() or p:x",
        ],
        &[
            "//r",
            "//p:a",
            "p:*",
            "//@xml:lang",
            "$x",
            "true() or foo()",
            "count(/*/@*)=3",
        ],
    );
}

#[test]
fn comments_do_not_exist() {
    check(
        "<a>x<!--c-->y<b/>z</a>",
        &[
            "/a/text()='xy'",
            "count(/a/text())=2",
            "count(/a/node())=3",
            "/a='xyz'",
        ],
        &["//comment()"],
    );
    check(
        NAMESPACES,
        &[
            "/*/*[1]/text()='t1ct2'",
            "//processing-instruction('pi')='data'",
        ],
        &["//processing-instruction('x')"],
    );
}

#[test]
fn positions_are_cut_to_whole_numbers() {
    check(
        SIMPLE,
        &[
            "/*[1.9]",
            "position()=-1",
            "last()=0",
            "a[position()=1]",
            "/*['x']",
        ],
        &["/*[0.9]", "/*[-1]", "/*['']", "position()=1"],
    );
}

#[test]
fn comparisons_convert_sets_of_nodes() {
    check(
        NAMESPACES,
        &[
            "//* = true()",
            "//zzz = false()",
            "/*/*[2] = 5",
            "//* != 'x'",
            "//@n < 0",
            "//@n < //*",
            "//*[.='10'] = //*",
            "//* != //*",
            "'2' < '10'",
            "true() = 'x'",
            "1 = 1 = 1",
            "sum(//*[local-name()='b']) = 15",
        ],
        &[
            "//zzz = 'x'",
            "//zzz != 'x'",
            "//zzz != //*",
            "//c != //c",
            "/*/*[2] = '5'",
            "'a' < 'b'",
            "5 > 3 > 1",
            "0 div 0 = 0 div 0",
        ],
    );
}

#[test]
fn functions_convert_texts_and_numbers() {
    check(
        SIMPLE,
        &[
            "string(0.00001)='0.00001'",
            "string(123456789012345678)='123456789012345680'",
            "string(1 div 3)='0.3333333333333333'",
            "string(1000000 * 1000000)='1000000000000'",
            "string(12345.678)='12345.678'",
            "string(-1 div 0)='-Infinity'",
            "string(-0)='0'",
            "number(' 5 ')=5",
            "string(number('1e3'))='NaN'",
            "substring('12345',1.5,2.6)='234'",
            "substring('12345',0,3)='12'",
            "substring('12345',-42,1 div 0)='12345'",
            "substring('12345',0 div 0,3)=''",
            "string-length('\u{1f600}')=2",
            "translate('aab','ab','x')='xx'",
            "normalize-space(' a \n b ')='a b'",
            "substring-before('1999/04','/')='1999'",
            "substring-after('abc','')='abc'",
            "round(-2.5)=-2",
            "ceiling(2.2)+floor(2.6)=5",
            "-7 mod 3=-1",
            "1 - -1=2",
            "concat(a,'x',1,true())='12x1true'",
            "not(lang('en'))",
        ],
        &[
            "--1=1",
            "+1",
            "concat('a')",
            "sum('x')",
            "1 + 'x'",
            "id('x')",
            "true(1)",
        ],
    );
    check(
        NAMESPACES,
        &["//*[lang('en')]/@n"],
        &["//*[lang('fr')]", "lang('en')"],
    );
}

#[test]
fn bodies_that_are_no_xml_do_not_match() {
    for body in [
        "",
        "x",
        "<a>",
        "<a/><b/>",
        "<!DOCTYPE a><a/>",
        "\u{feff}<a/>",
        "<p:a/>",
        "<a>&x;</a>",
    ] {
        assert_eq!(outcome(body, "true()"), Ok(false), "{body}");
    }
    let selector = Selector::parse("NOT XPATH 'a'").expect("valid");
    assert_eq!(selector.matches(&Sample::default()), Ok(true));
}

#[test]
fn nesting_and_steps_are_limited() {
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(outcome("<a/>", &nested(NESTING_MAX - 1)), Ok(true));
    assert_eq!(outcome("<a/>", &nested(NESTING_MAX)), Ok(false));
    let chain = format!("1{}", "+1".repeat(10_000));
    assert_eq!(outcome("<a/>", &chain), Ok(true));

    let wide = format!("<a>{}</a>", "<b/>".repeat(STEPS_MAX / 1_000));
    assert_eq!(outcome(&wide, "count(//b) = 1000"), Ok(true));
    let exhausted = outcome(&wide, "//b[following::b[following::b[. = 'x']]]");
    assert!(matches!(exhausted, Err(EvaluationError::TooLarge { .. })));
}
